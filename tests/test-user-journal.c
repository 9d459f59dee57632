#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "chatmaild/common/limits.h"
#include "chatmaild/common/user-journal.h"
#include "lib/file.h"
#include "tests/test.h"

#define ADDRESS "abcdef123@x.test"
#define HASH    "{SHA512-CRYPT}$6$salt$hash"
#define OTHER   "{SHA512-CRYPT}$6$salt$other"

enum {
	FILE_BYTES = 2 * JOURNAL_HALF_BYTES,
};

static char dir[] = "/tmp/test-user-journal.XXXXXX";
static char *journal_path, *home, *password_path;
static struct users users;
static const struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

/* A line as the journal has it, with its checksum. */
static void add_record(struct buf *out, const char *body)
{
	uint64_t sum = 14695981039346656037u;

	for (const char *p = body; *p; p++)
		sum = (sum ^ (unsigned char)*p) * 1099511628211u;
	buf_addf(out, "%s\t%016llx\n", body, (unsigned long long)sum);
}

static void wipe(void)
{
	unlink(journal_path);
	unlink(password_path);
	rmdir(home);
}

static bool is_emptied(void)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_BYTES + 1);

	if (file_read(journal_path, &text, NULL) < 0 || text.len != FILE_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != '\0')
			return false;
	return true;
}

static const struct {
	const char *name;
	struct slice before; /* in the password file; NULL: there is none */
	const char *records[3];
	struct slice garbage; /* before them; */
	size_t cut;           /* bytes that are missing at the end */
	struct slice want;    /* of the password file; empty: none */
	struct user_replay replay;
} replays[] = {
	{ .name = "missing",
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.replay = { 1, 1, 0 } },
	{ .name = "empty",
		.before = SLICE(""),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.replay = { 1, 1, 0 } },
	{ .name = "NULs",
		.before = SLICE("\0\0\0\0\0\0\0\0\0\0\0\0"),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.replay = { 1, 1, 0 } },
	{ .name = "another password wins",
		.before = SLICE(OTHER),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(OTHER),
		.replay = { 1, 0, 0 } },
	{ .name = "what is not understood wins",
		.before = SLICE("garbage"),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE("garbage"),
		.replay = { 1, 0, 0 } },
	{ .name = "the last record wins",
		.records = { "9\t" ADDRESS "\t" HASH, "10\t" ADDRESS "\t" OTHER,
			"8\t" ADDRESS "\t" HASH },
		.want = SLICE(OTHER),
		.replay = { 3, 1, 0 } },
	{ .name = "cut off",
		.records = { "1\t" ADDRESS "\t" HASH },
		.cut = 2,
		.replay = { 0, 0, 1 } },
	{ .name = "without its end of line only",
		.records = { "1\t" ADDRESS "\t" HASH },
		.cut = 1,
		.want = SLICE(HASH),
		.replay = { 1, 1, 0 } },
	{ .name = "whole before a cut",
		.records = { "1\t" ADDRESS "\t" HASH,
			"2\tabcdef124@x.test\t" HASH },
		.cut = 9,
		.want = SLICE(HASH),
		.replay = { 1, 1, 1 } },
	{ .name = "after garbage",
		.garbage = SLICE("gar\tba\0ge\n\n\t\n\0\0\0\0"),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.replay = { 1, 1, 2 } },
	{ .name = "a record glued to a part of one",
		.garbage = SLICE("1\t" ADDRESS),
		.records = { "1\t" ADDRESS "\t" HASH },
		.replay = { 0, 0, 1 } },
	{ .name = "no number",
		.records = { "x\t" ADDRESS "\t" HASH },
		.replay = { 0, 0, 1 } },
	{ .name = "no password",
		.records = { "1\t" ADDRESS "\t" },
		.replay = { 0, 0, 1 } },
	{ .name = "no address of ours",
		.records = { "1\t../" ADDRESS "\t" HASH,
			"2\tabcdef123@y.test\t" HASH },
		.replay = { 0, 0, 2 } },
	{ .name = "nothing but garbage",
		.garbage = SLICE("garbage"),
		.replay = { 0, 0, 1 } },
};

static void check_password(const char *name, struct slice want)
{
	AUTO_BUF struct buf text = BUF_INIT(1024);

	if (file_read(password_path, &text, NULL) < 0)
		buf_reset(&text);
	check_slice(name, buf_slice(&text), want.ptr ? want : SLICE_NONE);
	if (want.len == 0)
		check(name, !file_exists(home));
}

static void check_replay(size_t i)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_BYTES);
	struct user_journal *journal = user_journal_new(&users);
	struct user_replay replay = { 0 };
	const char *name = replays[i].name;

	buf_add_slice(&text, replays[i].garbage);
	for (size_t k = 0; k < ARRAY_LEN(replays[i].records); k++)
		if (replays[i].records[k])
			add_record(&text, replays[i].records[k]);
	buf_truncate(&text, text.len - replays[i].cut);
	check_int(name, file_write(journal_path, buf_slice(&text), owner, NULL),
		0);
	if (replays[i].before.ptr) {
		check_int(name, mkdir(home, 0700), 0);
		check_int(name,
			file_write(
				password_path, replays[i].before, owner, NULL),
			0);
	}
	check_int(name, user_journal_take(journal, &replay, NULL), 1);
	check_int(
		name, (int)replay.n_records, (int)replays[i].replay.n_records);
	check_int(name, (int)replay.n_placed, (int)replays[i].replay.n_placed);
	check_int(name, (int)replay.n_bad, (int)replays[i].replay.n_bad);
	check_password(name, replays[i].want);
	check(name, is_emptied());
	user_journal_free(journal);
	wipe();
}

static int commit(struct user_journal *journal, const char *address)
{
	struct user_batch batch = USER_BATCH_INIT;

	user_batch_add(journal, &batch, slice_of(address), SLICE(HASH));
	int r = user_batch_commit(journal, &batch, NULL);
	user_batch_end(journal, &batch);
	return r;
}

/* Written, but not put in place: the next owner does. */
static void test_unplaced(void)
{
	struct user_journal *journal = user_journal_new(&users);
	struct user_replay replay = { 0 };
	struct stat st;

	check_int("fresh", user_journal_take(journal, &replay, NULL), 1);
	check_int("nothing there", (int)replay.n_records, 0);
	check("mode", stat(journal_path, &st) == 0);
	check_int("mode", st.st_mode & 07777, 0600);
	check_int("commit", commit(journal, ADDRESS), 0);
	check_password("not placed", SLICE_NONE);
	user_journal_free(journal);
	journal = user_journal_new(&users);
	check_int("again", user_journal_take(journal, &replay, NULL), 1);
	check_int("placed", (int)replay.n_placed, 1);
	check_password("placed", SLICE(HASH));
	check_int("commit", commit(journal, ADDRESS), 0);
	check("not empty", !is_emptied());
	check_int("settle", user_journal_settle(journal, NULL), 0);
	check("emptied", is_emptied());
	check_int("settle nothing", user_journal_settle(journal, NULL), 0);
	user_journal_free(journal);
	wipe();
}

/* More than both halves hold: each is emptied when it is needed. */
static void test_full(void)
{
	struct user_journal *journal = user_journal_new(&users);
	struct user_batch batch = USER_BATCH_INIT;
	struct user_replay replay = { 0 };
	char address[64];
	struct stat st;

	check_int("take", user_journal_take(journal, NULL, NULL), 1);
	for (int n = 0; n < 100; n++) {
		for (int i = 0; i < 256; i++) {
			snprintf(address, sizeof(address), "full%d-%d@x.test",
				n, i);
			user_batch_add(journal, &batch, slice_of(address),
				SLICE(HASH));
		}
		check_int(
			"commit", user_batch_commit(journal, &batch, NULL), 0);
		user_batch_end(journal, &batch);
	}
	check("stat", stat(journal_path, &st) == 0);
	check_int("size", (int)st.st_size, FILE_BYTES);
	user_journal_free(journal);
	journal = user_journal_new(&users);
	check_int("replay", user_journal_take(journal, &replay, NULL), 1);
	check("some", replay.n_records > 256);
	check_int("whole batches", (int)(replay.n_records % 256), 0);
	check_int("all new", (int)(replay.n_placed - replay.n_records), 0);
	check_int("all good", (int)replay.n_bad, 0);
	user_journal_free(journal);
	wipe();
}

static void *settle(void *journal)
{
	check_int("settle", user_journal_settle(journal, NULL), 0);
	return NULL;
}

/* A half with a batch that is not ended is not emptied. */
static void test_open_batch(void)
{
	struct user_journal *journal = user_journal_new(&users);
	struct user_batch batch = USER_BATCH_INIT;
	pthread_t thread;

	check_int("take", user_journal_take(journal, NULL, NULL), 1);
	user_batch_add(journal, &batch, SLICE(ADDRESS), SLICE(HASH));
	check_int("commit", user_batch_commit(journal, &batch, NULL), 0);
	check_int("thread", pthread_create(&thread, NULL, settle, journal), 0);
	check_int("others go on", commit(journal, "abcdef124@x.test"), 0);
	check("it waits", !is_emptied());
	user_batch_end(journal, &batch);
	pthread_join(thread, NULL);
	check_int("settle", user_journal_settle(journal, NULL), 0);
	check("emptied", is_emptied());
	user_journal_free(journal);
	wipe();
}

static void test_two_owners(void)
{
	struct user_journal *first = user_journal_new(&users);
	struct user_journal *second = user_journal_new(&users);

	check_int("first", user_journal_take(first, NULL, NULL), 1);
	check_int("still", user_journal_take(first, NULL, NULL), 1);
	check_int("second", user_journal_take(second, NULL, NULL), 0);
	user_journal_free(first);
	check_int("at last", user_journal_take(second, NULL, NULL), 1);
	user_journal_free(second);
	wipe();
}

static void test_not_a_journal(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct user_journal *journal = user_journal_new(&users);

	check_int("too large",
		file_write(journal_path, SLICE("x"), owner, NULL), 0);
	check_int(
		"too large", truncate(journal_path, JOURNAL_MAX_BYTES + 1), 0);
	check_int("refused", user_journal_take(journal, NULL, &why), -EINVAL);
	check("names it", strstr(buf_str(&why), journal_path));
	unlink(journal_path);
	check_int("folder", mkdir(journal_path, 0700), 0);
	check_int("refused", user_journal_take(journal, NULL, &why), -EISDIR);
	rmdir(journal_path);
	check_int("link", symlink("/dev/null", journal_path), 0);
	check_int("refused", user_journal_take(journal, NULL, &why), -ELOOP);
	unlink(journal_path);
	check_int("mended", user_journal_take(journal, NULL, &why), 1);
	user_journal_free(journal);
	wipe();
}

int main(void)
{
	check("mkdtemp", mkdtemp(dir));
	users = (struct users){ .dir = xstrdup(dir),
		.domain = xstrdup("x.test") };
	journal_path = xasprintf("%s/.creations", dir);
	home = xasprintf("%s/" ADDRESS, dir);
	password_path = xasprintf("%s/password", home);
	for (size_t i = 0; i < ARRAY_LEN(replays); i++)
		check_replay(i);
	test_unplaced();
	test_full();
	test_open_batch();
	test_two_owners();
	test_not_a_journal();
	free(journal_path);
	free(password_path);
	free(home);
	users_release(&users);
	dir_remove(dir);
	return test_end();
}
