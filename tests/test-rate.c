/* Unit tests of chatmaild/common/rate.h. */
#include "chatmaild/common/rate.h"

#include "tests/test.h"

enum {
	SEC = 1000000,
	START = 1000 * SEC,
};

/* Sends once at each moment; `want` says y for accepted. */
struct row {
	const char *name;
	struct rate_limits limits;
	const char *want;
	unsigned at[12]; /* seconds */
};

static const struct row rows[] = {
	{ "the limit, then no more", { 3, 0 }, "yyyn", { 0, 0, 0, 0 } },
	{ "the window slides", { 2, 0 }, "yynynyn",
		{ 0, 30, 59, 60, 89, 90, 91 } },
	{ "refused ones do not count", { 1, 0 }, "ynnny",
		{ 0, 10, 20, 59, 60 } },
	{ "no window holds more", { 3, 0 }, "yyyny", { 0, 58, 59, 59, 60 } },
	{ "none allowed", { 0, 0 }, "nn", { 0, 100 } },
	{ "burst of one", { 60, 1 }, "ynynny", { 0, 0, 1, 1, 1, 2 } },
	{ "bucket of three", { 60, 3 }, "yyynynyyynn",
		{ 0, 0, 0, 0, 1, 1, 4, 4, 4, 4, 4 } },
	{ "window within the burst", { 4, 3 }, "yyyynnyy",
		{ 0, 0, 0, 16, 31, 59, 60, 60 } },
	{ "burst over the limit", { 2, 9 }, "yynyy", { 0, 0, 0, 60, 119 } },
};

static void test_rows(void)
{
	struct slice who = SLICE("a@x.test");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct rate *rate = rate_new(&row->limits);
		char got[ARRAY_LEN(row->at) + 1] = "";
		for (size_t j = 0; row->want[j]; j++) {
			uint64_t now = START + (uint64_t)row->at[j] * SEC;
			bool room = rate_has_room(rate, who, 1, now);
			bool taken = rate_take(rate, who, 1, now);
			got[j] = taken ? 'y' : 'n';
			check_int(row->name, room, taken);
		}
		check_str(row->name, got, row->want);
		rate_free(rate);
	}
}

static void test_senders(void)
{
	struct rate_limits limits = { 1, 0 };
	struct rate *rate = rate_new(&limits);

	check("a", rate_take(rate, SLICE("a@x.test"), 1, START));
	check("b", rate_take(rate, SLICE("b@x.test"), 1, START));
	check("case is one", !rate_take(rate, SLICE("A@X.Test"), 1, START));
	check("longer", rate_take(rate, SLICE("a@x.test2"), 1, START));
	check("nobody", rate_take(rate, SLICE_NONE, 1, START));
	check_int("four", (long long)rate_n_senders(rate), 4);
	check("later", rate_take(rate, SLICE("c@x.test"), 1, START + 60 * SEC));
	check_int("forgotten", (long long)rate_n_senders(rate), 1);
	rate_free(rate);
	rate_free(NULL);
}

/* More senders than are held: those silent for longest go. */
static void test_many(void)
{
	struct rate_limits limits = { 1, 0 };
	struct rate *rate = rate_new(&limits);
	char name[32];

	for (int i = 0; i < RATE_SENDERS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "u%d@x.test", i);
		if (!rate_take(rate, slice_of(name), 1, START + i))
			check(name, false);
	}
	check_int("held", (long long)rate_n_senders(rate), RATE_SENDERS_MAX);
	check("last", !rate_has_room(rate, slice_of(name), 1, START + SEC));
	check("kept",
		!rate_has_room(rate, SLICE("u10@x.test"), 1, START + SEC));
	check("gone", rate_has_room(rate, SLICE("u9@x.test"), 1, START + SEC));
	rate_free(rate);
}

/* Many messages of one: the ring grows and wraps. */
static void test_ring(void)
{
	struct rate_limits limits = { 100, 0 };
	struct rate *rate = rate_new(&limits);
	int accepted = 0;

	for (uint64_t t = 0; t < 600 * 10; t++) /* ten a second */
		accepted += rate_take(
			rate, SLICE("a@x.test"), 1, START + t * SEC / 10);
	check_int("100 a minute for 10 minutes", accepted, 1000);
	rate_free(rate);
}

/* A message to many counts as several, and can be sent at all. */
static void test_recipients(void)
{
	static const struct rate_limits even = { 3, 0 }, bucket = { 60, 2 };
	struct rate *rate = rate_new(&even);
	struct slice a = SLICE("a@x.test"), b = SLICE("b@x.test");

	check("50", rate_take(rate, a, 50, START));
	check("51", rate_take(rate, a, 51, START));
	check("full", !rate_has_room(rate, a, 1, START));
	check("1000", rate_take(rate, b, 1000, START));
	check("full of 1000", !rate_has_room(rate, b, 0, START));
	check("again", rate_take(rate, b, 1000, START + 60 * SEC));
	rate_free(rate);
	rate = rate_new(&bucket);
	check("bucket", rate_take(rate, a, 1000, START));
	check("empty", !rate_take(rate, a, 1, START));
	check("one more", rate_take(rate, a, 1, START + SEC));
	check("not two", !rate_take(rate, a, 100, START + 2 * SEC));
	check("two", rate_take(rate, a, 100, START + 3 * SEC));
	rate_free(rate);
}

int main(void)
{
	test_rows();
	test_recipients();
	test_senders();
	test_many();
	test_ring();
	return test_end();
}
