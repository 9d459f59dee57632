/* Unit tests of lib/words.h. */
#include "lib/words.h"

#include "lib/proc.h"
#include "tests/test.h"

static void check_words(
	const char *name, const struct words *w, const char *want)
{
	AUTO_BUF struct buf got = BUF_INIT(4096);
	const char *const *list = words_list(w);
	size_t n = 0;

	for (; list[n]; n++)
		buf_addf(&got, "%s%s", n > 0 ? "|" : "", list[n]);
	check_str(name, buf_str(&got), want);
	check_int(name, (long long)w->n, (long long)n);
}

static void test_add(void)
{
	AUTO_WORDS struct words w = { 0 };
	char word[] = "two words";

	check_words("none", &w, "");
	words_add(&w, word);
	word[0] = 'x';
	check_words("a copy", &w, "two words");
	words_add_all(&w, PROC_WORDS("a", "", "b"));
	check_words("a list", &w, "two words|a||b");
	words_add_all(&w, PROC_WORDS(NULL));
	check_words("an empty list", &w, "two words|a||b");
	words_release(&w);
	check_words("released", &w, "");
}

static void test_split(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "  \n", "" },
		{ "one", "one" },
		{ " one  two\nthree\t", "one|two|three" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_WORDS struct words w = { 0 };
		words_add_split(&w, slice_of(rows[i].text));
		check_words(rows[i].text, &w, rows[i].want);
	}
}

static void test_many(void)
{
	AUTO_WORDS struct words w = { 0 };

	for (int i = 0; i < 1000; i++)
		words_add(&w, "word");
	check_int("many", (long long)w.n, 1000);
	check("the end", !words_list(&w)[1000]);
}

int main(void)
{
	test_add();
	test_split();
	test_many();
	return test_end();
}
