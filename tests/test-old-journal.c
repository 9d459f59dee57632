/* Unit tests of chatmaild/doveauth/old-journal.h. */
#include <errno.h>
#include <sys/stat.h>

#include "chatmaild/common/limits.h"
#include "chatmaild/doveauth/old-journal.h"
#include "lib/file.h"
#include "tests/test.h"

#define ADDRESS "abcdef123@x.test"
#define HASH    "{SHA512-CRYPT}$6$salt$hash"
#define OTHER   "{SHA512-CRYPT}$6$salt$other"

static char dir[] = "/tmp/test-old-journal.XXXXXX";
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

static const struct {
	const char *name;
	struct slice before; /* in the password file; NULL: there is none */
	const char *records[3];
	struct slice garbage; /* before them; */
	size_t cut;           /* bytes that are missing at the end */
	struct slice want;    /* of the password file; empty: none */
	int n_placed;
} replays[] = {
	{ .name = "missing",
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.n_placed = 1 },
	{ .name = "empty",
		.before = SLICE(""),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.n_placed = 1 },
	{ .name = "NULs",
		.before = SLICE("\0\0\0\0\0\0\0\0\0\0\0\0"),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.n_placed = 1 },
	{ .name = "another password wins",
		.before = SLICE(OTHER),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(OTHER),
		.n_placed = 0 },
	{ .name = "what is not understood wins",
		.before = SLICE("garbage"),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE("garbage"),
		.n_placed = 0 },
	{ .name = "the last record wins",
		.records = { "9\t" ADDRESS "\t" HASH, "10\t" ADDRESS "\t" OTHER,
			"8\t" ADDRESS "\t" HASH },
		.want = SLICE(OTHER),
		.n_placed = 1 },
	{ .name = "cut off",
		.records = { "1\t" ADDRESS "\t" HASH },
		.cut = 2,
		.n_placed = 0 },
	{ .name = "without its end of line only",
		.records = { "1\t" ADDRESS "\t" HASH },
		.cut = 1,
		.want = SLICE(HASH),
		.n_placed = 1 },
	{ .name = "whole before a cut",
		.records = { "1\t" ADDRESS "\t" HASH,
			"2\tabcdef124@x.test\t" HASH },
		.cut = 9,
		.want = SLICE(HASH),
		.n_placed = 1 },
	{ .name = "after garbage",
		.garbage = SLICE("gar\tba\0ge\n\n\t\n\0\0\0\0"),
		.records = { "1\t" ADDRESS "\t" HASH },
		.want = SLICE(HASH),
		.n_placed = 1 },
	{ .name = "a record glued to a part of one",
		.garbage = SLICE("1\t" ADDRESS),
		.records = { "1\t" ADDRESS "\t" HASH },
		.n_placed = 0 },
	{ .name = "no number",
		.records = { "x\t" ADDRESS "\t" HASH },
		.n_placed = 0 },
	{ .name = "no password",
		.records = { "1\t" ADDRESS "\t" },
		.n_placed = 0 },
	{ .name = "no address of ours",
		.records = { "1\t../" ADDRESS "\t" HASH,
			"2\tabcdef123@y.test\t" HASH },
		.n_placed = 0 },
	{ .name = "nothing but garbage",
		.garbage = SLICE("garbage"),
		.n_placed = 0 },
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
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	const char *name = replays[i].name;
	size_t n_placed = 0;

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
	check_int(name, old_journal_replay(&users, &n_placed, NULL), 1);
	check_int(name, (int)n_placed, replays[i].n_placed);
	check_password(name, replays[i].want);
	check(name, !file_exists(journal_path));
	wipe();
}

static void test_none(void)
{
	size_t n = 7;

	check_int("none", old_journal_replay(&users, &n, NULL), 0);
	check_int("untouched", (int)n, 7);
}

static void test_not_a_journal(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	size_t n;

	check_int("too large",
		file_write(journal_path, SLICE("x"), owner, NULL), 0);
	check_int("too large",
		truncate(journal_path, OLD_JOURNAL_MAX_BYTES + 1), 0);
	check_int("refused", old_journal_replay(&users, &n, &why), -EFBIG);
	check("names it", strstr(buf_str(&why), journal_path));
	check("is kept", file_exists(journal_path));
	unlink(journal_path);
	check_int("folder", mkdir(journal_path, 0700), 0);
	check_int("refused", old_journal_replay(&users, &n, &why), -EISDIR);
	rmdir(journal_path);
}

/* What cannot be put in place is kept. */
static void test_kept(void)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	size_t n;

	add_record(&text, "1\t" ADDRESS "\t" HASH);
	check_int("write",
		file_write(journal_path, buf_slice(&text), owner, NULL), 0);
	check_int("a file in its place",
		file_write(home, SLICE("x"), owner, NULL), 0);
	check_int("fails", old_journal_replay(&users, &n, NULL), -ENOTDIR);
	check("is kept", file_exists(journal_path));
	unlink(home);
	check_int("later", old_journal_replay(&users, &n, NULL), 1);
	check_int("placed", (int)n, 1);
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
	test_none();
	test_not_a_journal();
	test_kept();
	free(journal_path);
	free(password_path);
	free(home);
	users_release(&users);
	dir_remove(dir);
	return test_end();
}
