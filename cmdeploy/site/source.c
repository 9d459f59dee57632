/* Where the sources of the web pages are, and what is in them. */
#include "cmdeploy/site/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/embed.h"
#include "lib/file.h"

enum {
	FILE_MAX_BYTES = 16 << 20,
};

#define FOLDER_DEFAULT "www"
#define OURS_PREFIX    "www/src/"

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *site_source_folder(const char *ini_path, const char *www_folder)
{
	struct slice dir, name;

	if (www_folder[0] == '/' ||
		!slice_cut_last(slice_of(ini_path), '/', &dir, &name))
		return xasprintf("%s/src", www_folder);
	return xasprintf("%.*s/%s/src", SLICE_FMT(dir), www_folder);
}

int site_source_find(const char *ini_path, const char *www_folder,
	char **ret_dir, struct buf *why)
{
	AUTO_FREE char *dir = site_source_folder(ini_path, www_folder);

	if (is_folder(dir)) {
		*ret_dir = TAKE(dir);
		return 0;
	}
	if (www_folder[0] && strcmp(www_folder, FOLDER_DEFAULT) != 0)
		return because(why, -ENOENT,
			"%s: www_folder is %s, but there is no folder %s; make "
			"it, or leave the key out to have our pages",
			ini_path, www_folder, dir);
	*ret_dir = NULL;
	return 0;
}

char *site_source_path(const struct site_source *source, const char *name)
{
	return source->dir ? xasprintf("%s/%s", source->dir, name)
			   : xasprintf(OURS_PREFIX "%s", name);
}

/* "a/.b/c", "a/b~", "a/#b#": nothing that anybody wants on the web. */
static bool is_wanted(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && name[0] != '#' && !strstr(name, "/.") &&
		!strstr(name, "/#") && name[len - 1] != '~';
}

static bool is_marker(struct slice line)
{
	return slice_starts(line, SLICE("<<<<<<< ")) ||
		slice_starts(line, SLICE(">>>>>>> ")) ||
		slice_starts(line, SLICE("||||||| "));
}

static int check_merged(const char *path, struct slice text, struct buf *why)
{
	struct slice line;

	for (int n = 1; slice_next_line(&text, &line); n++)
		if (is_marker(line))
			return because(why, -EINVAL,
				"%s: line %d: an unresolved merge (\"%.7s\"); "
				"choose one side and remove the markers",
				path, n, line.ptr);
	return 0;
}

static int read_one(
	struct site_source *source, const char *name, struct buf *why)
{
	AUTO_FREE char *path = site_source_path(source, name);
	AUTO_BUF struct buf bytes = BUF_INIT(FILE_MAX_BYTES);
	int r = file_read(path, &bytes, why);

	if (r == 0)
		r = check_merged(path, buf_slice(&bytes), why);
	if (r == 0)
		file_set_add(&source->files, name, buf_slice(&bytes));
	return r;
}

static int read_folder(struct site_source *source, struct buf *why)
{
	struct file_set names = { 0 };
	int r = file_set_list(source->dir, &names, why);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (is_wanted(names.v[i].name))
			r = read_one(source, names.v[i].name, why);
	file_set_release(&names);
	return r;
}

static void read_ours(struct site_source *source)
{
	const char *name;
	struct slice text;

	for (size_t i = 0; embed_get(i, &name, &text); i++)
		if (slice_starts(slice_of(name), SLICE(OURS_PREFIX)))
			file_set_add(&source->files,
				name + sizeof(OURS_PREFIX) - 1, text);
}

int site_source_read(
	const char *dir, struct site_source *ret_source, struct buf *why)
{
	struct site_source source = { .dir = dir ? xstrdup(dir) : NULL };
	int r = 0;

	if (dir)
		r = read_folder(&source, why);
	else
		read_ours(&source);
	if (r < 0) {
		site_source_release(&source);
		return r;
	}
	*ret_source = source;
	return 0;
}

bool site_source_is_ours(const char *dir)
{
	struct site_source there = { 0 }, ours = { 0 };
	bool is_same = site_source_read(dir, &there, NULL) == 0 &&
		site_source_read(NULL, &ours, NULL) == 0 &&
		file_set_equals(&there.files, &ours.files);

	site_source_release(&there);
	site_source_release(&ours);
	return is_same;
}

void site_source_release(struct site_source *source)
{
	if (!source)
		return;
	free(source->dir);
	file_set_release(&source->files);
	*source = (struct site_source){ 0 };
}
