/* A folder of logs, on days of the test's own. */
#include "chatmaild/log/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "tests/test.h"

#define START 1700000000
#define DAY   86400

static char dir[] = "/tmp/test-log-store.XXXXXX";

static void add(struct store *s, time_t now, const char *line)
{
	const struct timespec time = { .tv_sec = now, .tv_nsec = 120000 };

	store_add(s, &time, slice_of(line));
	store_flush(s, now);
}

/* How many files besides "current"; each gets `mtime` as its time. */
static size_t age_files(time_t mtime)
{
	const struct timespec times[2] = { { .tv_sec = mtime },
		{ .tv_sec = mtime } };
	DIR *d = opendir(dir);
	const struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' ||
			strcmp(entry->d_name, "current") == 0)
			continue;
		n++;
		utimensat(dirfd(d), entry->d_name, times, 0);
	}
	closedir(d);
	return n;
}

static void check_current(const char *name, const char *want)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	AUTO_FREE char *path = xasprintf("%s/current", dir);

	check_int(name, file_read(path, &text, NULL), 0);
	check_str(name, buf_str(&text), want);
}

static struct store open_at(time_t now)
{
	struct store s = { .dir = -1, .fd = -1 };

	check_int("open", store_open(dir, now, &s, NULL), 0);
	return s;
}

static void test_days(void)
{
	struct store s = open_at(START);

	add(&s, START, "one");
	store_tidy(&s, START + DAY - 1);
	check_current("stays for a day", "2023-11-14_22:13:20.00012 one\n");
	store_close(&s);

	/* The age of a file is that of its first line. */
	s = open_at(START + DAY - 1);
	check_int("nothing put aside", age_files(START), 0);
	store_tidy(&s, START + DAY);
	check_current("put aside without a new line", "");
	check_int("one put aside", age_files(START), 1);
	store_tidy(&s, START + 2 * DAY);
	check_int("kept for two days", age_files(START), 1);
	store_tidy(&s, START + 2 * DAY + 1);
	check_int("gone then", age_files(START), 0);
	store_close(&s);
}

static void test_sizes(void)
{
	AUTO_FREE char *line = xasprintf("%0*d", 60000, 1);
	struct store s = open_at(START);

	for (int i = 0; i < 16; i++)
		add(&s, START, line);
	check_int("not full", age_files(START), 0);
	add(&s, START, line);
	check_int("full", age_files(START), 1);
	for (int i = 0; i < 16 * (STORE_FILES_MAX + 3); i++)
		add(&s, START, line);
	check_int("as many as may be", age_files(START), STORE_FILES_MAX);
	store_tidy(&s, START + 3 * DAY);
	check_int("the last one put aside", age_files(START + DAY), 1);
	store_tidy(&s, START + 3 * DAY + 1);
	check_int("all gone", age_files(START), 0);
	store_close(&s);
}

int main(void)
{
	AUTO_FREE char *current = NULL;
	struct store none;

	if (!mkdtemp(dir))
		return 1;
	test_days();
	test_sizes();
	current = xasprintf("%s/current", dir);
	check_int("a file is no folder",
		store_open(current, START, &none, NULL) < 0, 1);
	unlink(current);
	rmdir(dir);
	return test_end();
}
