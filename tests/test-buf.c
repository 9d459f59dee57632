/* Unit tests of lib/buf.h. */
#include "tests/test.h"

static void test_grows_to_its_ceiling(void)
{
	AUTO_BUF struct buf b = BUF_INIT(10);

	buf_add_str(&b, "12345");
	buf_addf(&b, "%d", 67890);
	check("full", buf_ok(&b));
	check_str("contents", buf_str(&b), "1234567890");
	buf_add_char(&b, 'x');
	check("over", !buf_ok(&b));
	check_str("nothing of it was added", buf_str(&b), "1234567890");
	buf_add_str(&b, "");
	buf_reset(&b);
	check("fresh again", buf_ok(&b) && b.len == 0);
}

static void test_consume(void)
{
	AUTO_BUF struct buf b = BUF_INIT(100);

	buf_add_str(&b, "hello world");
	buf_consume(&b, 6);
	check_str("front gone", buf_str(&b), "world");
	buf_truncate(&b, 3);
	check_str("end gone", buf_str(&b), "wor");
	buf_consume(&b, 99);
	check_str("all gone", buf_str(&b), "");
}

static void test_room(void)
{
	AUTO_BUF struct buf b = BUF_INIT(8);

	memcpy(buf_room(&b, 8), "abcd", 4);
	buf_added(&b, 4);
	check_str("counted", buf_str(&b), "abcd");
	check("ceiling", buf_room(&b, 5) == NULL);
	check("no wrap", buf_room(&b, SIZE_MAX) == NULL);
	check("fits", buf_room(&b, 4) != NULL);
}

static void test_quoted(void)
{
	static const struct {
		const char *name;
		struct slice in;
		const char *want;
	} cases[] = {
		{ "plain", SLICE("abc"), "\"abc\"" },
		{ "escapes", SLICE("a\"b\\c"), "\"a\\\"b\\\\c\"" },
		{ "control", SLICE("a\r\n\0"), "\"a\\x0d\\x0a\\x00\"" },
		{ "high", SLICE("\xff"), "\"\\xff\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		buf_add_quoted(&b, cases[i].in);
		check_str(cases[i].name, buf_str(&b), cases[i].want);
	}
}

static void test_plain(void)
{
	static const struct {
		const char *name;
		struct slice in, want;
	} cases[] = {
		{ "empty", SLICE(""), SLICE("") },
		{ "text", SLICE("a \"b\" c"), SLICE("a \"b\" c") },
		{ "control", SLICE("a\r\n\tb\0c\x1b\x7f"), SLICE("a   b c  ") },
		{ "high", SLICE("\xc3\xa4\x80"), SLICE("\xc3\xa4\x80") },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		buf_add_plain(&b, cases[i].in);
		check_slice(cases[i].name, buf_slice(&b), cases[i].want);
	}
}

/* A reason that is too long loses its end, not all of it. */
static void test_because(void)
{
	AUTO_BUF struct buf why = BUF_INIT(10);

	check_int("fits", because(&why, -1, "%s", "0123456789"), -1);
	check_str("fits", buf_str(&why), "0123456789");
	check_int("too long", because(&why, -1, "%s", "0123456789a"), -1);
	check_str("too long", buf_str(&why), "0123456...");
}

int main(void)
{
	test_grows_to_its_ceiling();
	test_consume();
	test_room();
	test_quoted();
	test_plain();
	test_because();
	return test_end();
}
