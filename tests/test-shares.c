/* Unit tests of chatmaild/expire/shares.h. */
#include "chatmaild/expire/shares.h"
#include "lib/buf.h"
#include "lib/die.h"
#include "lib/num.h"
#include "tests/test.h"

#define OWN SLICE("x.test")

/* A message is "sender size", the older ones first; those that go are named
 * by their letters: a is the first. */
static const struct {
	const char *name;
	const char *messages;
	uint64_t bytes, number;
	const char *want;
} cases[] = {
	{ "nothing", "", 0, 0, "" },
	{ "it fits", "b@y 50, c@z 50", 100, 2, "" },
	{ "one stays in any case", "b@y 5000", 100, 9, "" },
	{ "of one address the oldest", "b@y 50, b@y 50, b@y 50", 100, 9, "a" },
	{ "sizes that hardly differ", "b@y 40, b@y 41, b@y 42", 90, 9, "a" },
	{ "of one address the largest", "b@y 10, b@y 500, b@y 10", 100, 9,
		"b" },
	{ "the newest stays", "b@y 10, b@y 500", 100, 9, "a" },
	{ "a flood loses its own", "v@y 30, e@z 90, e@z 90, e@z 90", 200, 9,
		"bc" },
	{ "a flood of many addresses", "v@y 80, a@z 50, b@z 50, c@z 50, d@z 50",
		200, 9, "bc" },
	{ "large mail of a neighbour is not the flood's",
		"v@z 60, e@z 90, e@z 90, b@y 10", 170, 9, "b" },
	{ "accounts of our own stand alone",
		"v@x.test 60, w@x.test 60, e@z 90, e@z 90", 220, 9, "c" },
	{ "one of our own floods",
		"v@x.test 60, e@x.test 90, e@x.test 90, c@y 10", 170, 9, "b" },
	{ "our domain in capitals", "v@X.Test 60, w@x.test 60, e@z 90, c@y 1",
		130, 9, "c" },
	{ "small ones beyond number",
		"v@y 300, e@z 1, e@z 1, e@z 1, e@z 1, e@z 1", 400, 4, "bc" },
	{ "nobody's, the owner's own", "- 60, - 60, e@z 50, c@y 1", 120, 9,
		"a" },
	{ "bounces are of one sender", "<> 60, <> 60, e@z 50, c@y 1", 120, 9,
		"a" },
	{ "equal shares in the end", "a@p 90, b@q 60, c@r 30, d@s 10", 110, 9,
		"a" },
};

static void add(struct shares_item *items, size_t *n, struct slice message)
{
	AUTO_BUF struct buf head = BUF_INIT(1000);
	struct slice sender, size;

	slice_cut(slice_trim(message), ' ', &sender, &size);
	if (slice_eq_str(sender, "<>"))
		buf_add_str(&head, "Return-Path: <>\n");
	else if (slice_eq_str(sender, "-"))
		buf_add_str(&head, "From: <e@z>\n");
	else
		buf_addf(&head, "Return-Path: <%.*s>\nFrom", SLICE_FMT(sender));
	struct shares_item *item = &items[*n];
	*item = (struct shares_item){
		/* Not in the order of age. */
		.ino = 1000 - *n,
		.mtime_ns = (int64_t)*n + 1,
	};
	if (num_parse_u64(size, &item->bytes) < 0)
		bug("a case is wrong");
	shares_set_sender(item, buf_slice(&head), OWN);
	(*n)++;
}

static void test_case(size_t i)
{
	const struct shares_limit limit = { cases[i].bytes, cases[i].number };
	struct slice rest = slice_of(cases[i].messages), message;
	AUTO_BUF struct buf got = BUF_INIT(100);
	struct shares_item items[26];
	size_t n = 0;

	while (slice_cut(rest, ',', &message, &rest))
		add(items, &n, message);
	if (rest.len > 0)
		add(items, &n, rest);
	shares_choose(items, n, &limit);
	size_t n_going = shares_sort_going(items, n);
	for (size_t k = 0; k < n; k++)
		if (shares_is_going(items, n_going, 1000 - k, (int64_t)k + 1))
			buf_add_char(&got, (char)('a' + k));
	check_str(cases[i].name, buf_str(&got), cases[i].want);
	check_int("as many", (int64_t)got.len, (int64_t)n_going);
	check_int("another file of that number",
		shares_is_going(items, n_going, 1000, 77), false);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		test_case(i);
	return test_end();
}
