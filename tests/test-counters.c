/* What a service counts outlives it. */
#include "chatmaild/common/counters.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/file.h"
#include "tests/test.h"

static char dir[] = "/tmp/test-counters.XXXXXX";
static char *path;

static const char *const names[] = { "a_total", "b_total{reason=\"x\"}",
	"b_total{reason=\"y\"}", NULL };
/* Of a later version: another order, one less, one more. */
static const char *const other_names[] = { "b_total{reason=\"y\"}", "c_total",
	"a_total", NULL };

static void check_file(
	const char *name, const struct counter_row *want, size_t n_want)
{
	AUTO_FREE struct counter_row *rows = NULL;
	size_t n = 0;

	check_int(name, counters_read(path, &rows, &n, NULL), 0);
	check_int(name, n, n_want);
	for (size_t i = 0; i < n && i < n_want; i++) {
		check_str(name, rows[i].name, want[i].name);
		check_int(name, rows[i].value, want[i].value);
	}
}

static void test_survival(void)
{
	struct counters c, second;

	check_int("open", counters_open(&c, dir, "s", names, NULL), 0);
	check_int("of another process",
		counters_open(&second, dir, "s", names, NULL), 0);
	counters_add(&c, 0, 1);
	counters_add(&second, 0, 2);
	counters_add(&c, counters_find(&c, "b_total", "y"), 5);
	counters_add(&c, counters_find(&c, "b_total", "z"), 7);
	counters_add(&c, 3, 7);
	counters_add(NULL, 0, 7);
	check_file("as counted",
		(const struct counter_row[]){ { "a_total", 3 },
			{ "b_total{reason=\"x\"}", 0 },
			{ "b_total{reason=\"y\"}", 5 } },
		3);
	counters_close(&c);
	counters_close(&second);
	check_int("open other", counters_open(&c, dir, "s", other_names, NULL),
		0);
	counters_add(&c, 1, 1);
	counters_close(&c);
	check_file("carried over",
		(const struct counter_row[]){ { "b_total{reason=\"y\"}", 5 },
			{ "c_total", 1 }, { "a_total", 3 } },
		3);
}

static void test_broken(void)
{
	static const struct {
		const char *name;
		struct slice text;
		int want;
	} cases[] = {
		{ "empty", SLICE(""), 0 },
		{ "text", SLICE("nothing\n"), -EINVAL },
		{ "short", SLICE("chatmail-counters 1\0"), -EINVAL },
	};
	const struct file_owner owner = { 0644, (uid_t)-1, (gid_t)-1 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct counter_row *rows = NULL;
		struct counters c;
		size_t n;
		check_int(cases[i].name,
			file_write(path, cases[i].text, owner, NULL), 0);
		check_int(cases[i].name, counters_read(path, &rows, &n, NULL),
			cases[i].want);
		check_int(cases[i].name,
			counters_open(&c, dir, "s", names, NULL), 0);
		counters_add(&c, 0, 4);
		counters_close(&c);
		check_file(cases[i].name,
			(const struct counter_row[]){ { "a_total", 4 },
				{ "b_total{reason=\"x\"}", 0 },
				{ "b_total{reason=\"y\"}", 0 } },
			3);
	}
}

static void test_no_folder(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct counters c;

	check_int("no folder",
		counters_open(&c, "/nonexistent", "s", names, &why), -ENOENT);
	check("says which", strstr(buf_str(&why), "/nonexistent/s.counters"));
	counters_add(&c, 2, 9);
	check_int("counts all the same", c.rows[3].value, 9);
	counters_close(&c);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	path = xasprintf("%s/s.counters", dir);
	test_survival();
	test_broken();
	test_no_folder();
	unlink(path);
	rmdir(dir);
	free(path);
	return test_end();
}
