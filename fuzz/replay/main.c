/*
 * main.c - main() of a fuzz target where there is no libFuzzer: gives
 * it every file of the folders named as arguments, and every beginning
 * of those up to PREFIX_MAX_BYTES, which tries all the ways in which an
 * input can end too early. An empty or missing folder is a failure.
 */
#include <dirent.h>
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "lib/die.h"
#include "lib/file.h"

enum {
	FILE_MAX_BYTES = 1024 * 1024,
	PREFIX_MAX_BYTES = 1024,
};

/* A copy of its own size, so that a sanitizer sees a step beyond. */
static void run_one(struct slice bytes)
{
	AUTO_FREE char *copy = xmalloc(bytes.len + 1);
	uint8_t *at = (uint8_t *)copy + 1;

	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	if (LLVMFuzzerTestOneInput(at, bytes.len) != 0)
		die("the target wants to forget an input");
}

static void run_file(const char *path)
{
	AUTO_BUF struct buf bytes = BUF_INIT(FILE_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (file_read(path, &bytes, &why) < 0)
		die("%s", buf_str(&why));
	fprintf(stderr, "%s\n", path);
	run_one(buf_slice(&bytes));
	for (size_t n = 0; n < bytes.len && n < PREFIX_MAX_BYTES; n++)
		run_one(slice_head(buf_slice(&bytes), n));
}

static int run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	if (!dir)
		die("%s: cannot open the folder", folder);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, e->d_name);
		if (e->d_name[0] == '.')
			continue;
		run_file(path);
		n++;
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die("usage: %s FOLDER...", argv[0]);
	for (int i = 1; i < argc; i++)
		if (run_folder(argv[i]) == 0)
			die("%s: no input in it", argv[i]);
	return 0;
}
