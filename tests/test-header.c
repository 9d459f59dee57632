/* Unit tests of mail/header.h. */
#include "mail/header.h"

#include "tests/test.h"

static const char *const names[] = { "From", "Subject" };

static void collect(void *context, size_t id, struct slice value)
{
	buf_addf(context, "%zu=%.*s|", id, SLICE_FMT(value));
}

static const struct header_spec spec = {
	.names = names,
	.n_names = ARRAY_LEN(names),
	.n_wanted = ARRAY_LEN(names),
	.bytes_max = 1000,
	.fields_max = 5,
	.on_field = collect,
};

static void read_lines(
	struct header_reader *r, const char *text, struct buf *got)
{
	struct slice rest = slice_of(text), line;

	header_reader_init(r, &spec);
	while (slice_next_line(&rest, &line))
		header_reader_line(r, line, got);
	header_reader_end(r, got);
}

static void test_reader(void)
{
	static const struct {
		const char *lines;
		const char *got;
		bool is_malformed;
		bool is_repeated;
		bool has_others;
	} rows[] = {
		{ "", "", false, false, false },
		{ "From: a\nTo: x\nSubject: b", "0=a|1=b|", false, false,
			true },
		{ "fROM:a", "0=a|", false, false, false },
		{ "From: a\n b\n\tc", "0=a b\tc|", false, false, false },
		{ "From:\n a", "0=a|", false, false, false },
		{ "To: x\n From: y", "", false, false, true },
		{ "From: a\nFrom: b", "0=a|0=b|", false, true, false },
		{ "Subject:", "1=|", false, false, false },
		{ "X-Y:\n \n z\nFrom: a", "0=a|", false, false, true },
		{ "From : a", "", true, false, false },
		{ "From", "", true, false, false },
		{ ": a", "", true, false, false },
		{ " From: a", "", true, false, false },
		{ "Fr\xc3\xb6m: a", "", true, false, false },
		{ "From: a\n \n b", "", true, false, false },
		{ "Subject: a\n>From b\nFrom: c", "1=a|", true, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct header_reader r;
		read_lines(&r, rows[i].lines, &got);
		check_str(rows[i].lines, buf_str(&got), rows[i].got);
		check_int(rows[i].lines, r.is_malformed, rows[i].is_malformed);
		check_int(rows[i].lines, header_is_repeated(&r, 0),
			rows[i].is_repeated);
		header_reader_release(&r);
	}
}

static void test_limits(void)
{
	AUTO_BUF struct buf got = BUF_INIT(100000);
	struct header_reader r;

	read_lines(&r, "A: 1\nA: 2\nA: 3\nA: 4\nA: 5", &got);
	check("five fields", !r.is_too_large);
	read_lines(&r, "A: 1\nA: 2\nA: 3\nA: 4\nA: 5\nA: 6", &got);
	check("six fields", r.is_too_large);

	char text[1000];
	memset(text, 'x', sizeof(text));
	memcpy(text, "From: ", 6);
	text[sizeof(text) - 2] = '\0';
	read_lines(&r, text, &got);
	check("1000 bytes", !r.is_too_large);
	text[sizeof(text) - 2] = 'x';
	text[sizeof(text) - 1] = '\0';
	read_lines(&r, text, &got);
	check("1001 bytes", r.is_too_large);
}

static void test_long_value(void)
{
	AUTO_BUF struct buf got = BUF_INIT(100000);
	static char fold[901] = " ";
	struct header_spec wide = spec;
	struct header_reader r;

	memset(fold + 1, 'x', sizeof(fold) - 2);
	wide.bytes_max = 100000;
	header_reader_init(&r, &wide);
	header_reader_line(&r, SLICE("From: a"), &got);
	for (int i = 0; i < 20; i++)
		header_reader_line(&r, slice_of(fold), &got);
	header_reader_end(&r, &got);
	check("value too long", r.is_malformed);
	check_int("not handed out", got.len, 0);
}

static void test_content_type(void)
{
	static const struct {
		const char *value;
		const char *want; /* type/subtype/boundary; NULL: refused */
	} rows[] = {
		{ "text/plain", "text/plain/" },
		{ "multipart/encrypted; "
		  "protocol=\"application/pgp-encrypted\"; "
		  "\tboundary=\"18ea_26-1.0\"",
			"multipart/encrypted/18ea_26-1.0" },
		{ "MULTIPART/Mixed;BOUNDARY=abc;", "MULTIPART/Mixed/abc" },
		{ "a/b; x=\"y;boundary=z\"", "a/b/" },
		{ "a/b; x=\"\\\"; boundary=z\"; boundary=c", "a/b/c" },
		{ "a/b; boundary=\"=_x/y:z?\"", "a/b/=_x/y:z?" },
		{ "a/b; name=\"\xc3\xbc\"", "a/b/" },
		{ "", NULL },
		{ "text", NULL },
		{ "text/", NULL },
		{ "/plain", NULL },
		{ "text /plain", NULL },
		{ "text/plain charset=x", NULL },
		{ "text/plain (comment)", NULL },
		{ "a/b; boundary=x (comment)", NULL },
		{ "a/b; boundary=x; boundary=x", NULL },
		{ "a/b; boundary=x; Boundary=y", NULL },
		{ "a/b; boundary*=utf-8''x", NULL },
		{ "a/b; boundary*0=x; boundary*1=y", NULL },
		{ "a/b; boundary=\"\"", NULL },
		{ "a/b; boundary=", NULL },
		{ "a/b; boundary = x", NULL },
		{ "a/b; boundary=\"x y\"", NULL },
		{ "a/b; boundary=\"x\\y\"", NULL },
		{ "a/b; boundary=\"x", NULL },
		{ "a/b; boundary=\"x\"y", NULL },
		{ "a/b; boundary==x", NULL },
		{ "a/b;; boundary=x", NULL },
		{ "a/b, boundary=x", NULL },
		{ "a/b; boundary=x, c/d", NULL },
		{ "a/b; boundary=\"x\ty\"", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct content_type t;
		int r = content_type_parse(slice_of(rows[i].value), &t);
		check_int(rows[i].value, r == 0, rows[i].want != NULL);
		if (r < 0 || !rows[i].want)
			continue;
		buf_addf(&got, "%.*s/%.*s/%.*s", SLICE_FMT(t.type),
			SLICE_FMT(t.subtype), SLICE_FMT(t.boundary));
		check_str(rows[i].value, buf_str(&got), rows[i].want);
	}
}

static void test_boundary_length(void)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	struct content_type t;

	buf_addf(&text, "a/b; boundary=%070d", 0);
	check_int("70", content_type_parse(buf_slice(&text), &t), 0);
	buf_add_char(&text, '0');
	check("71", content_type_parse(buf_slice(&text), &t) < 0);
}

int main(void)
{
	test_reader();
	test_limits();
	test_long_value();
	test_content_type();
	test_boundary_length();
	return test_end();
}
