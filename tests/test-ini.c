/* Unit tests of lib/ini.h. */
#include <errno.h>

#include "lib/ini.h"
#include "tests/test.h"

static int collect(const struct ini_entry *e, void *owner, struct buf *why)
{
	if (slice_eq_str(e->key, "stop"))
		return because(why, -ECANCELED, "stopped");
	buf_addf(owner, "%d %.*s/%.*s=%.*s;", e->line, SLICE_FMT(e->section),
		SLICE_FMT(e->key), SLICE_FMT(e->value));
	return 0;
}

static const struct {
	const char *name;
	struct slice in;
	int want;
	const char *entries;
	const char *why;
} cases[] = {
	{ "empty", SLICE(""), 0, "", "" },
	{ "one", SLICE("[a]\nk = v\n"), 0, "2 a/k=v;", "" },
	{ "no final newline", SLICE("[a]\nk=v"), 0, "2 a/k=v;", "" },
	{ "colon", SLICE("[a]\nk: v=w"), 0, "2 a/k=v=w;", "" },
	{ "value with colon", SLICE("[a]\nk = h:1"), 0, "2 a/k=h:1;", "" },
	{ "CRLF", SLICE("[a]\r\nk = v\r\n"), 0, "2 a/k=v;", "" },
	{ "byte order mark", SLICE("\xef\xbb\xbf[a]\nk=v"), 0, "2 a/k=v;", "" },
	{ "comments", SLICE("# x\n[a]\n; y\nk=v\n"), 0, "4 a/k=v;", "" },
	{ "empty value", SLICE("[a]\nk =\n"), 0, "2 a/k=;", "" },
	{ "continued", SLICE("[a]\nk = v\n  w\n# c\n\n\tx\nl=1"), 0,
		"2 a/k=v\nw\nx;7 a/l=1;", "" },
	{ "two sections", SLICE("[a]\nk=1\n[b]\nk=2\n"), 0, "2 a/k=1;4 b/k=2;",
		"" },
	{ "no section", SLICE("k=v\n"), -EINVAL, "",
		"line 1: stands before the first [section]" },
	{ "no value", SLICE("[a]\n\nhello\n"), -EINVAL, "",
		"line 3: neither a [section] nor \"key = value\"" },
	{ "no key", SLICE("[a]\n= v\n"), -EINVAL, "",
		"line 2: neither a [section] nor \"key = value\"" },
	{ "open section", SLICE("[a\n"), -EINVAL, "",
		"line 1: a section is written [name]" },
	{ "NUL", SLICE("[a]\nk=\0\n"), -EINVAL, "",
		"line 2: holds a NUL byte" },
	{ "callback", SLICE("[a]\nk=1\nstop=1\nl=1"), -ECANCELED, "2 a/k=1;",
		"stopped" },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf got = BUF_INIT(1000);
		AUTO_BUF struct buf why = BUF_INIT(1000);
		check_int(cases[i].name,
			ini_parse(cases[i].in, collect, &got, &why),
			cases[i].want);
		check_str(cases[i].name, buf_str(&got), cases[i].entries);
		check_str(cases[i].name, buf_str(&why), cases[i].why);
	}
	return test_end();
}
