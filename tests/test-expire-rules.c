/* Unit tests of chatmaild/expire/rules.h. */
#include "chatmaild/expire/rules.h"
#include "tests/test.h"

enum {
	HOUR = 3600,
	DAY = 24 * HOUR,
	KB = 1000,
};

#define NOW INT64_C(1700000000)

static const struct config config = {
	.delete_mails_after = 20,
	.delete_large_after = 7,
	.delete_inactive_users_after = 90,
	.max_mailbox_size = 1000 * KB + 10,
	.max_mailbox_messages = 10000,
};

static const struct {
	const char *name;
	int64_t age;
	int64_t changed; /* age, too */
	uint64_t size;
	enum maildir_part part;
	enum fate want;
} messages[] = {
	{ "new", 0, 0, 10, PART_CUR, FATE_KEEP },
	{ "from the future", -5 * DAY, 0, 10, PART_CUR, FATE_KEEP },
	{ "20 days", 20 * DAY, 0, 10, PART_CUR, FATE_KEEP },
	{ "20 days and a second", 20 * DAY + 1, 0, 10, PART_CUR, FATE_OLD },
	{ "epoch", NOW, 0, 10, PART_CUR, FATE_OLD },
	{ "large, 7 days", 7 * DAY, 0, 201 * KB, PART_CUR, FATE_KEEP },
	{ "large, over 7 days", 7 * DAY + 1, 0, 200 * KB + 1, PART_CUR,
		FATE_LARGE },
	{ "just not large", 8 * DAY, 0, 200 * KB, PART_CUR, FATE_KEEP },
	{ "large in new, over 7 days", 8 * DAY, 0, 201 * KB, PART_NEW,
		FATE_KEEP },
	{ "large in new, 20 days", 20 * DAY, 0, 201 * KB, PART_NEW, FATE_KEEP },
	{ "large in new, over 20 days", 20 * DAY + 1, 0, 201 * KB, PART_NEW,
		FATE_OLD },
	{ "large and old", 21 * DAY, 0, 201 * KB, PART_CUR, FATE_OLD },
	{ "37 hours in cur", 37 * HOUR, 37 * HOUR, 10, PART_CUR, FATE_KEEP },
	{ "37 hours in tmp", 37 * HOUR, 37 * HOUR, 10, PART_TMP,
		FATE_LEFTOVER },
	{ "36 hours in tmp", 36 * HOUR, 36 * HOUR, 10, PART_TMP, FATE_KEEP },
	{ "copied a moment ago", 5 * DAY, 10, 10, PART_TMP, FATE_KEEP },
	{ "copied two hours ago", 5 * DAY, 2 * HOUR, 10, PART_TMP,
		FATE_LEFTOVER },
	{ "old in tmp", 21 * DAY, 0, 10, PART_TMP, FATE_OLD },
};

static const struct {
	const char *name;
	enum top_kind want;
} tops[] = {
	{ "alice1234@example.org", TOP_USER },
	{ "alice1234@[192.0.2.1]", TOP_USER },
	{ "a@b@c", TOP_USER },
	{ "echo@example.org", TOP_ECHO },
	{ "echoes@example.org", TOP_USER },
	{ "pending_notifications", TOP_SERVICE },
	{ "lost+found", TOP_SERVICE },
	{ ".expired-0123456789abcdef", TOP_CONDEMNED },
	{ ".expired-0123456789abcdeg", TOP_ODD },
	{ ".expired-0123456789abcde", TOP_ODD },
	{ ".expired-0123456789abcdef0", TOP_ODD },
	{ ".expired-012345678@abcdef", TOP_USER },
	{ ".alice@example.org", TOP_USER },
	{ "-alice@example.org", TOP_USER },
	{ "..@example.org", TOP_USER },
	{ "@example.org", TOP_ODD },
	{ "alice@", TOP_ODD },
	{ "alice", TOP_ODD },
	{ "", TOP_ODD },
	{ "../alice@example.org", TOP_ODD },
	{ "a/b@example.org", TOP_ODD },
};

static const struct {
	const char *name;
	enum file_kind want;
} files[] = {
	{ "password", FILE_KNOWN },
	{ "passwords", FILE_ODD },
	{ "password.Ab3Xz9.tmp", FILE_STALE },
	{ "metadata.json", FILE_KNOWN },
	{ "metadata.json.Ab3Xz9.tmp", FILE_STALE },
	{ "maildirsize", FILE_KNOWN },
	{ "maildirfolder", FILE_KNOWN },
	{ "subscriptions", FILE_KNOWN },
	{ "subscriptions.lock", FILE_STALE },
	{ "dovecot-uidlist", FILE_KNOWN },
	{ "dovecot-uidlist.lock", FILE_STALE },
	{ "dovecot.index.log", FILE_KNOWN },
	{ "dovecot.index.log.2", FILE_KNOWN },
	{ "dovecot.index.log.newlock", FILE_STALE },
	{ "dovecot.index.tmp", FILE_STALE },
	{ ".temp.1700000000.1.host", FILE_STALE },
	{ "20240131-235959.1234.1.in", FILE_TRACE },
	{ "20240131-235959.1234.1.out", FILE_TRACE },
	{ "2024013-235959.1234.1.in", FILE_ODD },
	{ "20240131-2359.in", FILE_ODD },
	{ "built.in", FILE_ODD },
	{ "letter to mother", FILE_ODD },
	{ "", FILE_ODD },
};

static const struct {
	const char *name;
	uint64_t want;
} sizes[] = {
	{ "1700000000.M1P2.mail,S=1234,W=1300:2,S", 1234 },
	{ "1700000000.M1P2.mail,W=1300,S=77", 77 },
	{ "1700000000.M1P2.mail,S=9:2,", 9 },
	{ "1700000000.M1P2.mail:2,S=5", 42 },
	{ "1700000000.M1P2.mail,S=:2,", 42 },
	{ "1700000000.M1P2.mail,S=12x:2,", 42 },
	{ "1700000000.M1P2.mail,S=99999999999999999999", 42 },
	{ "1700000000.M1P2.mail", 42 },
	{ "", 42 },
};

static void test_messages(void)
{
	struct rules rules = rules_make(&config, NOW);

	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		const struct dir_file file = {
			.mtime = NOW - messages[i].age,
			.changed = NOW - messages[i].changed,
			.size = messages[i].size,
		};
		check_str(messages[i].name,
			fate_name(
				rules_message(&rules, &file, messages[i].part)),
			fate_name(messages[i].want));
	}
	check_int("login", NOW - rules.login, 90 * DAY);
	check_int("stale", NOW - rules.stale, DAY);
	check_int("overfull", rules.overfull.bytes, 750 * KB + 7);
	check_int("enough", rules.enough.bytes, 700 * KB + 7);
	check_int("too many", rules.overfull.messages, 7500);
	check_int("not too many", rules.enough.messages, 7000);
}

static void test_limits(void)
{
	struct rules rules = rules_make(&config, NOW);

	check_int("known", rules_file_limit(&rules, FILE_KNOWN), 0);
	check_int("odd", rules_file_limit(&rules, FILE_ODD), 0);
	check_int("stale", rules_file_limit(&rules, FILE_STALE), NOW - DAY);
	check_int(
		"trace", rules_file_limit(&rules, FILE_TRACE), NOW - 20 * DAY);
}

static void test_names(void)
{
	for (size_t i = 0; i < ARRAY_LEN(tops); i++)
		check_int(tops[i].name, rules_top(tops[i].name), tops[i].want);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		check_int(files[i].name, rules_file(files[i].name),
			files[i].want);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		check_int(sizes[i].name, rules_quota_bytes(sizes[i].name, 42),
			sizes[i].want);
}

int main(void)
{
	test_messages();
	test_limits();
	test_names();
	return test_end();
}
