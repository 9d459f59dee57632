/* The head of an HTTP request, and the path in it. */
#include "cmdeploy/webdev/request.h"

#include <errno.h>

#include "tests/test.h"

static const struct {
	const char *name;
	struct slice in;
	int want;
	const char *method, *target;
	size_t len;
} heads[] = {
	{ "whole", SLICE("GET /a HTTP/1.1\r\nHost: x\r\n\r\nmore"), 1, "GET",
		"/a", 28 },
	{ "blanks", SLICE("  HEAD \t /  \r\n\r\n"), 1, "HEAD", "/", 16 },
	{ "not yet", SLICE("GET /a HTTP/1.1\r\nHost: x\r\n\r"), 0, "", "", 0 },
	{ "nothing", SLICE(""), 0, "", "", 0 },
	{ "no line", SLICE("\r\n\r\n"), -EBADMSG, "", "", 0 },
	{ "no target", SLICE("GET\r\nHost: x\r\n\r\n"), -EBADMSG, "", "", 0 },
};

static const struct {
	struct slice target;
	const char *want; /* NULL: refused */
} paths[] = {
	{ SLICE("/"), "/" },
	{ SLICE("/a/b.css?v=%32"), "/a/b.css" },
	{ SLICE("/%61%2F%c3%A4"), "/a/\xc3\xa4" },
	{ SLICE("/a%4"), "/a%4" },
	{ SLICE("/a%"), "/a%" },
	{ SLICE("/%zz"), NULL },
	{ SLICE("/a%00b"), NULL },
	{ SLICE("/a\0b"), NULL },
	{ SLICE("a"), NULL },
	{ SLICE("?/"), NULL },
	{ SLICE(""), NULL },
};

static void test_heads(void)
{
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct request got = { 0 };
		check_int(heads[i].name, request_parse(heads[i].in, &got),
			heads[i].want);
		check_slice(
			heads[i].name, got.method, slice_of(heads[i].method));
		check_slice(
			heads[i].name, got.target, slice_of(heads[i].target));
		check_int(heads[i].name, got.len, heads[i].len);
	}
}

static void test_paths(void)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1024);
		const char *name = paths[i].want ? paths[i].want : "refused";
		bool is_fine = request_add_path(paths[i].target, &out);
		check_int(name, is_fine, paths[i].want != NULL);
		if (is_fine && paths[i].want)
			check_str(name, buf_str(&out), paths[i].want);
	}
}

int main(void)
{
	test_heads();
	test_paths();
	return test_end();
}
