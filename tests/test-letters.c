/* Unit tests of mail/encrypted/letters.h. */
#include "mail/encrypted/letters.h"

#include "tests/test.h"

enum {
	TEXT_MAX = 1 << 20,
};

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char english[] =
	"Dear+customer+your+parcel+waits+at+the+station+please+call+us+to+say"
	"+when+you+come+and+bring+the+letter+that+came+yesterday+/+thank+you/";

static void add_random(struct buf *out, size_t n, unsigned *seed)
{
	while (n-- > 0) {
		*seed ^= *seed << 13;
		*seed ^= *seed >> 17;
		*seed ^= *seed << 5;
		buf_add_char(out, alphabet[*seed >> 8 & 63]);
	}
}

static void add_english(struct buf *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add_char(out, english[i % (sizeof(english) - 1)]);
}

static bool are_random(struct slice text, bool is_loose)
{
	struct letters l = { .is_loose = is_loose };

	letters_add(&l, text);
	return letters_are_random(&l);
}

/* Letters before, of a text, and behind; so many times. */
static void test_mixtures(void)
{
	static const struct {
		const char *name;
		size_t n_before, n_text, n_after, n_times;
		bool is_random, is_key;
	} rows[] = {
		{ "nothing", 0, 0, 0, 1, true, true },
		{ "too few to judge", 0, 63, 0, 1, true, true },
		{ "a line of text", 0, 68, 0, 1, false, false },
		{ "two lines of text", 0, 136, 0, 1, false, false },
		{ "much text", 0, 100000, 0, 1, false, false },
		{ "random line", 64, 0, 0, 1, true, true },
		{ "random lines", 640, 0, 0, 1, true, true },
		{ "much random", 1000000, 0, 0, 1, true, true },
		{ "text, then random", 0, 200, 500000, 1, false, false },
		{ "long text, then random", 0, 400, 500000, 1, false, false },
		{ "random, then text", 500000, 200, 0, 1, false, false },
		{ "text in the midst", 51200, 200, 51000, 1, false, false },
		{ "text across two windows", 51100, 300, 51000, 1, false,
			false },
		{ "a little text everywhere", 400, 100, 12, 1000, false,
			false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
		unsigned seed = 4711;
		for (size_t n = 0; n < rows[i].n_times; n++) {
			add_random(&text, rows[i].n_before, &seed);
			add_english(&text, rows[i].n_text);
			add_random(&text, rows[i].n_after, &seed);
		}
		struct slice all = buf_slice(&text);
		check_int(rows[i].name, are_random(all, false),
			rows[i].is_random);
		check_int(rows[i].name, are_random(all, true), rows[i].is_key);
	}
}

/* Random messages of many lengths: nobody is refused. */
static void test_false_alarms(void)
{
	unsigned seed = 1;
	int n_refused = 0;

	for (size_t n = 1; n < 2000; n++) {
		AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
		add_random(&text, n, &seed);
		if (!are_random(buf_slice(&text), false))
			n_refused++;
	}
	check_int("false alarms", n_refused, 0);
}

/* Zeros of a key ID do not count; however letters come, the sum is one. */
static void test_keys(void)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
	struct letters l = { 0 };
	unsigned seed = 7;

	for (int i = 0; i < 50; i++) {
		buf_add_str(&text, "wV4DAAAAAAAAAAAS");
		add_random(&text, 112, &seed);
	}
	check("key IDs of zeros", are_random(buf_slice(&text), true));
	check("not in data", !are_random(buf_slice(&text), false));
	for (size_t i = 0; i < text.len; i++)
		letters_add(&l, slice_make(text.ptr + i, 1));
	check_int("by one", letters_are_random(&l),
		are_random(buf_slice(&text), false));
}

int main(void)
{
	test_mixtures();
	test_false_alarms();
	test_keys();
	return test_end();
}
