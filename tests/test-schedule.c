/* Unit tests of chatmaild/metadata/schedule.h. */
#include "chatmaild/metadata/schedule.h"

#include <errno.h>

#include "chatmaild/metadata/notifier.h"
#include "chatmaild/metadata/queue.h"
#include "tests/test.h"

enum {
	MANY = 5000,
};

static void test_order(void)
{
	struct schedule s = { 0 };
	uint64_t last = 0;
	uint32_t x = 1;

	for (int i = 0; i < MANY; i++) {
		x = x * 1103515245 + 12345;
		schedule_add(&s, due_new(SLICE("id")), x >> 20);
	}
	for (int i = 0; i < MANY; i++) {
		const struct due *first = schedule_first(&s);
		struct due *due = schedule_pop(&s);
		check("the first is taken", first == due);
		check("in order of time", due->at >= last);
		last = due->at;
		free(due);
	}
	check("then it is empty", schedule_first(&s) == NULL);
	check("memory is given back", s.cap < 100);
	schedule_release(&s);
}

static void test_ties(void)
{
	static const char *const ids[] = { "a", "b", "c", "d", "e", "f" };
	struct schedule s = { .order = UINT32_MAX - 2 };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		schedule_add(&s, due_new(slice_of(ids[i])), 7);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct due *due = schedule_pop(&s);
		check_str("first come, first served", due->id, ids[i]);
		free(due);
	}
	schedule_release(&s);
}

static void test_delays(void)
{
	static const unsigned wanted[] = { 0, 8, 64, 512, 4096, 4096, 4096 };

	for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
		check_int("delay", notifier_delay_sec(i), wanted[i]);
}

static void test_notifications(void)
{
	static const struct {
		const char *name, *text;
		int result;
		const char *address, *token;
		long began;
	} rows[] = {
		{ "plain", "a@x\n17\ntok", 0, "a@x", "tok", 17 },
		{ "line feed", "a@x\n17\ntok\n", 0, "a@x", "tok", 17 },
		{ "fraction", "a@x\n17.25\ntok", 0, "a@x", "tok", 17 },
		{ "odd token", "a@x\n1\n t:{}", 0, "a@x", " t:{}", 1 },
		{ "no token", "a@x\n17\n", -EINVAL, NULL, NULL, 0 },
		{ "no address", "\n17\ntok", -EINVAL, NULL, NULL, 0 },
		{ "no time", "a@x\n\ntok", -EINVAL, NULL, NULL, 0 },
		{ "odd time", "a@x\n-1\ntok", -EINVAL, NULL, NULL, 0 },
		{ "two lines", "a@x\n17", -EINVAL, NULL, NULL, 0 },
		{ "nothing", "", -EINVAL, NULL, NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct notification n;
		int r = notification_parse(slice_of(rows[i].text), &n);
		check_int(rows[i].name, r, rows[i].result);
		if (r < 0)
			continue;
		check_slice(rows[i].name, n.address, slice_of(rows[i].address));
		check_slice(rows[i].name, n.token, slice_of(rows[i].token));
		check_int(rows[i].name, n.began, rows[i].began);
	}
}

int main(void)
{
	test_order();
	test_ties();
	test_delays();
	test_notifications();
	return test_end();
}
