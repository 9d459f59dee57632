/* Unit tests of chatmaild/common/dict-transaction.h. */
#include "chatmaild/common/dict-transaction.h"

#include <errno.h>

#include "chatmaild/common/limits.h"
#include "tests/test.h"

/*
 * Each step is the command that a line gives ("C" and "R": the transaction
 * is taken), and what it returns. What was taken is compared at the end:
 * its user, then "key=value" of what was set, "key" of what was unset, "!"
 * and the failure.
 */
static const struct {
	const char *name;
	const char *lines; /* each with its LF */
	int want;          /* of the last one; 0 of all before */
	const char *taken; /* by the last one, or NULL */
} cases[] = {
	{ "nothing is open", "C1\n", -EPROTO, NULL },
	{ "empty", "B1\tme\nC1\n", 0, "me" },
	{ "without a user", "B1\nC1\n", 0, "" },
	{ "set", "B1\tme\nS1\tk\tv\nC1\n", 0, "me k=v" },
	{ "in order", "B1\tme\nS1\ta\t1\nU1\tb\nS1\ta\t2\nC1\n", 0,
		"me a=1 b a=2" },
	{ "two at a time", "B1\tme\nB2\tyou\nS1\ta\t1\nS2\tb\t2\nC1\n", 0,
		"me a=1" },
	{ "the younger one", "B1\tme\nB2\tyou\nS1\ta\t1\nS2\tb\t2\nC2\n", 0,
		"you b=2" },
	{ "an id again", "B1\tme\nR1\nB1\tyou\nC1\n", 0, "you" },
	{ "begun twice", "B1\tme\nB1\tme\n", -EPROTO, NULL },
	{ "taken twice", "B1\tme\nC1\nC1\n", -EPROTO, NULL },
	{ "set in none", "B1\tme\nS2\tk\tv\n", -EPROTO, NULL },
	{ "timestamp", "B1\tme\nT1\t1\t2\nC1\n", 0, "me" },
	{ "timestamp of none", "B1\tme\nT2\t1\t2\n", -EPROTO, NULL },
	{ "a counter", "B1\tme\nA1\tk\t1\nC1\n", 0,
		"me !counters are not supported" },
};

static int take_line(struct dict_transactions *all, struct slice line,
	struct dict_transaction **taken)
{
	AUTO_BUF struct buf scratch = BUF_INIT(DICT_LINE_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dict_command c;

	if (dict_parse(line, &scratch, &c, &why) < 0)
		return -EINVAL;
	switch (c.verb) {
	case DICT_BEGIN:
		return dict_transactions_begin(all, &c, &why);
	case DICT_TIMESTAMP:
		return dict_transactions_check(all, c.id, &why);
	case DICT_COMMIT:
	case DICT_ROLLBACK:
		dict_transaction_free(*taken);
		*taken = NULL;
		return dict_transactions_take(all, c.id, taken, &why);
	default:
		return dict_transactions_change(all, &c, &why);
	}
}

static void describe(const struct dict_transaction *t, struct buf *out)
{
	buf_add_slice(out, t->user);
	for (const struct dict_change *c = t->changes; c; c = c->next) {
		buf_addf(out, " %.*s", SLICE_FMT(c->key));
		if (c->verb == DICT_SET)
			buf_addf(out, "=%.*s", SLICE_FMT(c->value));
	}
	if (t->failure)
		buf_addf(out, " !%s", t->failure);
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct dict_transactions all = { 0 };
		struct dict_transaction *taken = NULL;
		struct slice rest = slice_of(cases[i].lines), line;
		while (slice_next_line(&rest, &line))
			check_int(cases[i].name, take_line(&all, line, &taken),
				rest.len ? 0 : cases[i].want);
		if (taken)
			describe(taken, &got);
		check(cases[i].name, !taken == !cases[i].taken);
		check_str(cases[i].name, buf_str(&got),
			cases[i].taken ? cases[i].taken : "");
		dict_transaction_free(taken);
		dict_transactions_release(&all);
		check_int(cases[i].name, (long long)all.n, 0);
	}
}

static void test_open_limit(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dict_transactions all = { 0 };
	struct dict_command c = { .verb = DICT_BEGIN };

	for (; c.id < DICT_TRANSACTIONS_MAX; c.id++)
		check_int("open", dict_transactions_begin(&all, &c, &why), 0);
	check_int("one too many", dict_transactions_begin(&all, &c, &why),
		-EPROTO);
	dict_transactions_release(&all);
}

/* It goes on; the commit fails. */
static void check_too_large(size_t n, struct slice value)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dict_transactions all = { 0 };
	struct dict_transaction *t;
	struct dict_command begin = { .verb = DICT_BEGIN };
	struct dict_command set = {
		.verb = DICT_SET,
		.key = SLICE("k"),
		.value = value,
	};

	check_int("begin", dict_transactions_begin(&all, &begin, &why), 0);
	for (size_t i = 0; i < n; i++) {
		check_int("set", dict_transactions_change(&all, &set, &why), 0);
		check("not yet", i + 1 == n || !all.first->failure);
	}
	check_int("take", dict_transactions_take(&all, 0, &t, &why), 0);
	check_str("failure", t->failure ? t->failure : "none",
		"transaction too large");
	dict_transaction_free(t);
}

static void test_change_limits(void)
{
	enum {
		HALF = DICT_CHANGES_MAX_BYTES / 2,
	};
	AUTO_FREE char *text = xcalloc(1, HALF);

	check_too_large(DICT_CHANGES_MAX + 1, SLICE_NONE);
	check_too_large(2, slice_make(text, HALF));
}

int main(void)
{
	test_cases();
	test_open_limit();
	test_change_limits();
	return test_end();
}
