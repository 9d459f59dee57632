/* Unit tests of lib/slice.h. */
#include "tests/test.h"

static void test_cut(void)
{
	struct slice a = SLICE("key=a=b"), before, after;

	check("has one", slice_cut(a, '=', &before, &after));
	check_slice("before", before, SLICE("key"));
	check_slice("after", after, SLICE("a=b"));
	check("last", slice_cut_last(a, '=', &before, &after));
	check_slice("before last", before, SLICE("key=a"));
	check_slice("after last", after, SLICE("b"));
	check("none", !slice_cut(a, '#', &before, &after));
	check("empty", !slice_cut(SLICE_NONE, '#', &before, &after));
}

static void test_compare(void)
{
	check("same", slice_eq(SLICE("a"), SLICE("a")));
	check("prefix", !slice_eq(SLICE("a"), SLICE("ab")));
	check("case", slice_eq_nocase(SLICE("From"), SLICE("fRoM")));
	check("not case", !slice_eq_nocase(SLICE("From"), SLICE("Fro")));
	check("at and grave", !slice_eq_nocase(SLICE("@"), SLICE("`")));
	check("ends", slice_ends(SLICE("a@b.c"), SLICE("@b.c")));
	check("ends short", !slice_ends(SLICE("c"), SLICE("@b.c")));
}

static void test_without(void)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} rows[] = {
		{ "", "", true },
		{ "12", "", true },
		{ "a1b22", "33ab", true },
		{ "a1b", "a1c", false },
		{ "ab1", "a", false },
		{ "a", "b", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_int(rows[i].a,
			slice_eq_without(slice_of(rows[i].a),
				slice_of(rows[i].b), ascii_is_digit),
			rows[i].is_equal);
}

static void test_words(void)
{
	struct slice rest = SLICE("  one\ttwo\r\n three "), word;

	check("1", slice_next_word(&rest, &word));
	check_slice("1", word, SLICE("one"));
	check("2", slice_next_word(&rest, &word));
	check_slice("2", word, SLICE("two"));
	check("3", slice_next_word(&rest, &word));
	check_slice("3", word, SLICE("three"));
	check("end", !slice_next_word(&rest, &word));
	check("has", slice_has_word(SLICE("one two"), "two"));
	check("a part", !slice_has_word(SLICE("one two"), "tw"));
	check("none", !slice_has_word(SLICE(""), "two"));
}

static void test_lines(void)
{
	struct slice rest = SLICE("a\n\nb"), line;

	check("1", slice_next_line(&rest, &line));
	check_slice("1", line, SLICE("a"));
	check("2", slice_next_line(&rest, &line));
	check_slice("2", line, SLICE(""));
	check("3", slice_next_line(&rest, &line));
	check_slice("3", line, SLICE("b"));
	check("end", !slice_next_line(&rest, &line));
}

static void test_trim(void)
{
	check_slice("both", slice_trim(SLICE(" \ta b\r\n")), SLICE("a b"));
	check_slice("all", slice_trim(SLICE(" \r\n")), SLICE(""));
	check_slice("last of three", slice_last_line(SLICE("a\nb\n c \r\n\n")),
		SLICE("c"));
	check_slice("last of one", slice_last_line(SLICE("a")), SLICE("a"));
	check_slice("last of none", slice_last_line(SLICE("\n ")), SLICE(""));
}

/* A build that looks at undefined behaviour ends here if it copies NULL. */
static void test_dup(void)
{
	AUTO_FREE char *none = slice_dup(SLICE_NONE);
	AUTO_FREE char *some = slice_dup(SLICE("ab"));

	check_str("none", none, "");
	check_str("some", some, "ab");
}

int main(void)
{
	test_dup();
	test_cut();
	test_compare();
	test_without();
	test_words();
	test_lines();
	test_trim();
	return test_end();
}
