/*
 * What a relay finds of its accounts on the disk. Input that begins with 'J'
 * is a journal of a version before, each line without its checksum: an account
 * that comes of it has the password of one of its records. 'C' is a file of
 * counters: what is read are names that end. All else is a password file.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "chatmaild/common/counters.h"
#include "chatmaild/doveauth/old-journal.h"
#include "fuzz/fuzz.h"
#include "lib/die.h"
#include "lib/digest.h"
#include "lib/file.h"

#define ADDRESS "abcdef123@x.test"

enum {
	PATH_ROOM = 256,
	JOURNAL_MAX_BYTES = 1 << 20,
};

static void put(const char *path, struct slice text)
{
	const struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	if (file_write(path, text, owner, NULL) < 0)
		die("%s: cannot be written", path);
}

static void try_password(struct slice text)
{
	struct slice line = user_password_in(text);

	demand(line.len <= text.len);
	demand(line.len == 0 ||
		(line.ptr >= text.ptr &&
			line.ptr + line.len <= text.ptr + text.len));
}

static void try_read(const struct users *users, struct slice text)
{
	AUTO_BUF struct buf hash = BUF_INIT(1024);
	int r = user_read_password(users, SLICE(ADDRESS), &hash, NULL);

	demand(r > 0 || hash.len == 0);
	demand(r <= 0 || hash.ptr[0] == '{');
	demand(!slice_has_char(buf_slice(&hash), '\n'));
	demand(r <= 0 ||
		memmem(text.ptr, text.len, hash.ptr, hash.len) != NULL);
}

/* The lines with their checksums (old-journal.h). */
static void sign(struct slice text, struct buf *out)
{
	struct slice line;

	while (slice_next_line(&text, &line)) {
		buf_add_slice(out, line);
		buf_addf(out, "\t%016" PRIx64 "\n",
			digest_add(DIGEST_START, line));
	}
}

static void try_journal(const struct users *users, struct slice text)
{
	AUTO_BUF struct buf signed_text = BUF_INIT(JOURNAL_MAX_BYTES);
	char path[PATH_ROOM];
	size_t n = 0;

	sign(text, &signed_text);
	snprintf(path, sizeof(path), "%s/.creations", users->dir);
	put(path, buf_slice(&signed_text));
	if (old_journal_replay(users, &n, NULL) >= 0)
		demand(!file_exists(path));
	try_read(users, text);
}

static void try_account(const struct users *users, struct slice text)
{
	char path[PATH_ROOM];

	try_password(text);
	snprintf(path, sizeof(path), "%s/" ADDRESS "/password", users->dir);
	put(path, text);
	try_read(users, text);
}

static void try_counters(const struct users *users, struct slice text)
{
	struct counter_row *rows = NULL;
	char path[PATH_ROOM];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/fuzz.counters", users->dir);
	put(path, text);
	if (counters_read(path, &rows, &n, NULL) == 0) {
		demand(n <= COUNTERS_MAX);
		for (size_t i = 0; i < n; i++)
			demand(memchr(rows[i].name, '\0', COUNTER_NAME_BYTES));
		free(rows);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char dir[] = "/dev/shm/fuzz-account-XXXXXX", home[PATH_ROOM];
	char domain[] = "x.test";
	struct users users = { .dir = dir, .domain = domain };
	struct slice text = slice_make(data, len);

	if (!mkdtemp(dir))
		die("%s: cannot be made", dir);
	snprintf(home, sizeof(home), "%s/" ADDRESS, dir);
	if (mkdir(home, 0700) < 0)
		die("%s: cannot be made", home);
	if (len > 0 && data[0] == 'J')
		try_journal(&users, slice_from(text, 1));
	else if (len > 0 && data[0] == 'C')
		try_counters(&users, slice_from(text, 1));
	else
		try_account(&users, text);
	dir_remove(dir);
	return 0;
}
