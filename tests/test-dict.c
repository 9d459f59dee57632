/* Unit tests of mail/dict.h. */
#include <errno.h>

#include "mail/dict.h"
#include "tests/test.h"

static const struct {
	const char *name;
	struct slice line;
	int want;
	struct dict_command command;
} lines[] = {
	{ "hello", SLICE("H3\t2\t0\tme\tauth"), 0,
		{ .verb = DICT_HELLO,
			.major = 3,
			.minor = 2,
			.value = SLICE("0"),
			.user = SLICE("me"),
			.name = SLICE("auth") } },
	{ "hello of version 4", SLICE("H4\t0\t0\t\tauth"), 0,
		{ .verb = DICT_HELLO,
			.major = 4,
			.value = SLICE("0"),
			.name = SLICE("auth") } },
	{ "hello of the future", SLICE("H5\t0\t0\t\tauth"), -EPROTONOSUPPORT,
		{ 0 } },
	{ "hello without numbers", SLICE("Hx\t0"), -EINVAL, { 0 } },
	{ "lookup", SLICE("Lshared/a\tme@x"), 0,
		{ .verb = DICT_LOOKUP,
			.key = SLICE("shared/a"),
			.user = SLICE("me@x") } },
	{ "lookup without a user", SLICE("Lshared/a"), 0,
		{ .verb = DICT_LOOKUP, .key = SLICE("shared/a") } },
	{ "lookup with escapes", SLICE("La\1tb\1nc\1rd\0010e\0011\tu\1tv"), 0,
		{ .verb = DICT_LOOKUP,
			.key = SLICE("a\tb\nc\rd\0e\1"),
			.user = SLICE("u\tv") } },
	{ "lookup with a later field", SLICE("La\tb\tc\td"), 0,
		{ .verb = DICT_LOOKUP,
			.key = SLICE("a"),
			.user = SLICE("b") } },
	{ "bad escape", SLICE("La\1x"), -EINVAL, { 0 } },
	{ "escape at the end", SLICE("La\1"), -EINVAL, { 0 } },
	{ "iterate", SLICE("I3\t10\tshared/\tme"), 0,
		{ .verb = DICT_ITERATE,
			.flags = 3,
			.max_rows = 10,
			.key = SLICE("shared/"),
			.user = SLICE("me") } },
	{ "begin", SLICE("B7\tme"), 0,
		{ .verb = DICT_BEGIN, .id = 7, .user = SLICE("me") } },
	{ "begin, largest id", SLICE("B18446744073709551615"), 0,
		{ .verb = DICT_BEGIN, .id = UINT64_MAX } },
	{ "begin, id too large", SLICE("B18446744073709551616"), -EINVAL,
		{ 0 } },
	{ "begin, negative id", SLICE("B-1"), -EINVAL, { 0 } },
	{ "begin, as version 4 does", SLICE("B7\tme\t3600"), 0,
		{ .verb = DICT_BEGIN, .id = 7, .user = SLICE("me") } },
	{ "hide, as version 4 does", SLICE("V7\tyes"), 0,
		{ .verb = DICT_HIDE, .id = 7 } },
	{ "set", SLICE("S7\tk\tv"), 0,
		{ .verb = DICT_SET,
			.id = 7,
			.key = SLICE("k"),
			.value = SLICE("v") } },
	{ "set without a value", SLICE("S7\tk"), -EINVAL, { 0 } },
	{ "unset", SLICE("U7\tk"), 0,
		{ .verb = DICT_UNSET, .id = 7, .key = SLICE("k") } },
	{ "add", SLICE("A7\tk\t-5"), 0,
		{ .verb = DICT_ADD,
			.id = 7,
			.key = SLICE("k"),
			.value = SLICE("-5") } },
	{ "timestamp", SLICE("T7\t1\t2"), 0,
		{ .verb = DICT_TIMESTAMP, .id = 7 } },
	{ "commit", SLICE("C7"), 0, { .verb = DICT_COMMIT, .id = 7 } },
	{ "commit without an id", SLICE("C"), -EINVAL, { 0 } },
	{ "commit, asynchronous", SLICE("D7"), 0,
		{ .verb = DICT_COMMIT_ASYNC, .id = 7 } },
	{ "rollback", SLICE("R7"), 0, { .verb = DICT_ROLLBACK, .id = 7 } },
	{ "empty", SLICE(""), -EINVAL, { 0 } },
	{ "unknown", SLICE("Zx"), -EINVAL, { 0 } },
	{ "NUL", SLICE("La\0b"), -EINVAL, { 0 } },
	{ "CR", SLICE("La\r"), -EINVAL, { 0 } },
};

static void check_text(const char *name, struct slice got, struct slice want)
{
	check_slice(
		name, got.ptr ? got : SLICE_NONE, want.ptr ? want : SLICE_NONE);
}

static void test_lines(void)
{
	AUTO_BUF struct buf scratch = BUF_INIT(DICT_LINE_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const struct dict_command *want = &lines[i].command;
		const char *name = lines[i].name;
		struct dict_command got = { 0 };
		buf_reset(&why);
		check_int(name, dict_parse(lines[i].line, &scratch, &got, &why),
			lines[i].want);
		check_int(name, why.len > 0, lines[i].want < 0);
		check_int(name, got.verb, want->verb);
		check_int(name, (long long)got.id, (long long)want->id);
		check_int(name, (long long)got.major, (long long)want->major);
		check_int(name, (long long)got.flags, (long long)want->flags);
		check_int(name, (long long)got.max_rows,
			(long long)want->max_rows);
		check_text(name, got.key, want->key);
		check_text(name, got.value, want->value);
		check_text(name, got.user, want->user);
		check_text(name, got.name, want->name);
	}
}

static void test_too_long(void)
{
	static char line[DICT_LINE_MAX_BYTES + 1];
	AUTO_BUF struct buf scratch = BUF_INIT(DICT_LINE_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dict_command command;

	memset(line, 'L', sizeof(line));
	check_int("longest line",
		dict_parse(slice_make(line, sizeof(line) - 1), &scratch,
			&command, &why),
		0);
	check_int("too long a line",
		dict_parse(slice_make(line, sizeof(line)), &scratch, &command,
			&why),
		-EINVAL);
}

/* unescape(escape(x)) = x for every byte, and no field ends a line. */
static void test_escape(void)
{
	AUTO_BUF struct buf all = BUF_INIT(1024);
	AUTO_BUF struct buf escaped = BUF_INIT(1024);
	AUTO_BUF struct buf back = BUF_INIT(1024);

	for (int i = 0; i < 256; i++)
		buf_add_char(&all, (char)i);
	dict_add_escaped(&escaped, buf_slice(&all));
	check_int("escaped length", (long long)escaped.len, 256 + 5);
	check("no LF", !slice_has_char(buf_slice(&escaped), '\n'));
	check("no TAB", !slice_has_char(buf_slice(&escaped), '\t'));
	check_int(
		"unescape", dict_add_unescaped(&back, buf_slice(&escaped)), 0);
	check_slice("and back", buf_slice(&back), buf_slice(&all));
}

static void test_answers(void)
{
	AUTO_BUF struct buf out = BUF_INIT(1024);

	dict_add_value(&out, SLICE("a\tb\n"));
	dict_add_none(&out);
	dict_add_fail(&out, SLICE("disk\nfull"));
	dict_add_end(&out);
	dict_add_committed(&out, 7, DICT_DONE, SLICE_NONE);
	dict_add_committed(&out, 8, DICT_NOT_FOUND, SLICE_NONE);
	dict_add_committed(&out, 9, DICT_FAILED, SLICE("why"));
	check_slice("answers", buf_slice(&out),
		SLICE("Oa\1tb\1n\nN\nFdisk\1nfull\n\nO7\nN8\nF9\twhy\n"));
}

int main(void)
{
	test_lines();
	test_too_long();
	test_escape();
	test_answers();
	return test_end();
}
