/* What chatmail-metrics reads, and the page that it writes. */
#include "chatmaild/metrics/mailboxes.h"
#include "chatmaild/metrics/page.h"
#include "chatmaild/metrics/postfix.h"
#include "tests/test.h"

static const struct {
	const char *name, *text;
	bool want;
	uint64_t bytes, messages;
} sizes[] = {
	{ "one", "500S\n1200 3\n", true, 1200, 3 },
	{ "with padding", "500S\n         1200           3\n-200 -1\n", true,
		1000, 2 },
	{ "limits only", "500S\n", true, 0, 0 },
	{ "empty", "", false, 0, 0 },
	{ "less than nothing", "500S\n-1 0\n", false, 0, 0 },
	{ "words", "500S\nmany 3\n", false, 0, 0 },
	{ "half a line", "500S\n12\n", false, 0, 0 },
	{ "huge", "500S\n99999999999999999999 1\n", false, 0, 0 },
};

static void test_sizes(void)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint64_t bytes = 0, messages = 0;
		check_int(sizes[i].name,
			maildirsize_parse(
				slice_of(sizes[i].text), &bytes, &messages),
			sizes[i].want);
		check_int(sizes[i].name, bytes, sizes[i].bytes);
		check_int(sizes[i].name, messages, sizes[i].messages);
	}
}

static const struct {
	const char *name;
	struct slice bytes;
	uint64_t n[POSTFIX_QUEUES_N]; /* incoming, active, deferred, hold */
} queues[] = {
	{ "empty", SLICE("\0"), { 0 } },
	{ "one", SLICE("queue_name\0deferred\0queue_id\0A1\0sender\0a@b\0\0\0"),
		{ 0, 0, 1, 0 } },
	{ "two",
		SLICE("queue_name\0hold\0queue_id\0A1\0\0recipient\0x\0\0"
		      "queue_name\0active\0size\0\0\0\0"),
		{ 0, 1, 0, 1 } },
	{ "names as values",
		SLICE("queue_id\0queue_name\0sender\0deferred\0\0"), { 0 } },
	{ "an empty sender", SLICE("sender\0\0queue_name\0incoming\0\0"),
		{ 1, 0, 0, 0 } },
	{ "a queue of another name", SLICE("queue_name\0corrupt\0\0"), { 0 } },
	{ "cut off", SLICE("queue_name\0defer"), { 0 } },
};

/* In pieces of every size. */
static void test_queues(void)
{
	for (size_t i = 0; i < ARRAY_LEN(queues); i++) {
		for (size_t step = 1; step <= queues[i].bytes.len; step++) {
			struct showq s;
			showq_init(&s);
			for (size_t at = 0; at < queues[i].bytes.len;
				at += step)
				showq_feed(&s,
					slice_head(
						slice_from(queues[i].bytes, at),
						step));
			for (size_t k = 0; k < POSTFIX_QUEUES_N; k++)
				check_int(
					queues[i].name, s.n[k], queues[i].n[k]);
			showq_release(&s);
		}
	}
}

static void test_page(void)
{
	static const struct {
		struct counter_row row;
		bool want;
	} rows[] = {
		{ { "logins_total", 3 }, true },
		{ { "messages_rejected_total{reason=\"size\"}", 4 }, true },
		{ { "a b", 1 }, false },
		{ { "", 1 }, false },
		{ { "1a", 1 }, false },
		{ { "a{b=\"c\"", 1 }, false },
		{ { "a{b=\"c\n\"}", 1 }, false },
	};
	AUTO_BUF struct buf out = BUF_INIT(4096);
	struct page page = { 0 };

	page_add(&page, "accounts", "kind=\"user\"", 7);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_int(rows[i].row.name,
			page_add_counter(&page, "s", &rows[i].row),
			rows[i].want);
	/* A sample that comes late stands with its family. */
	page_add(&page, "accounts", "kind=\"test\"", 0);
	page_write(&page, &out);
	check_str("page", buf_str(&out),
		"# HELP chatmail_accounts Accounts; those of test runs have "
		"names in ci-.\n"
		"# TYPE chatmail_accounts gauge\n"
		"chatmail_accounts{kind=\"user\"} 7\n"
		"chatmail_accounts{kind=\"test\"} 0\n"
		"# HELP chatmail_logins_total Logins.\n"
		"# TYPE chatmail_logins_total counter\n"
		"chatmail_logins_total{service=\"s\"} 3\n"
		"# HELP chatmail_messages_rejected_total Messages that did "
		"not pass.\n"
		"# TYPE chatmail_messages_rejected_total counter\n"
		"chatmail_messages_rejected_total{service=\"s\",reason=\"size"
		"\"} 4\n");
	page_release(&page);
}

int main(void)
{
	test_sizes();
	test_queues();
	test_page();
	return test_end();
}
