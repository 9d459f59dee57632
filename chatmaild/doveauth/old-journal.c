/*
 * old-journal.c - puts in place the accounts that a journal of the version
 * before still holds (old-journal.h), and removes it.
 */
#include "chatmaild/doveauth/old-journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "lib/file.h"
#include "lib/num.h"

#define FILE_NAME ".creations"

enum {
	CHECKSUM_CHARS = 16,
};

struct record {
	uint64_t number;
	struct slice address;
	struct slice password;
};

static uint64_t checksum(struct slice text)
{
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < text.len; i++)
		sum = (sum ^ (unsigned char)text.ptr[i]) * 1099511628211u;
	return sum;
}

static bool parse_record(struct slice line, struct record *ret_record)
{
	struct slice text, sum, number, rest;
	struct record record;
	char want[CHECKSUM_CHARS + 1];

	if (!slice_cut_last(line, '\t', &text, &sum))
		return false;
	snprintf(want, sizeof(want), "%016" PRIx64, checksum(text));
	if (!slice_eq_str(sum, want) ||
		!slice_cut(text, '\t', &number, &rest) ||
		!slice_cut(rest, '\t', &record.address, &record.password) ||
		num_parse_u64(number, &record.number) < 0)
		return false;
	*ret_record = record;
	return record.password.len > 0 && record.password.ptr[0] == '{';
}

/* NULs are room that was not written to. */
static size_t find_records(const struct users *users, struct slice text,
	struct record **ret_records)
{
	struct record *records = NULL;
	struct slice line;
	size_t n = 0;

	while (slice_next_line(&text, &line)) {
		struct record record;
		while (line.len > 0 && line.ptr[0] == '\0')
			line = slice_from(line, 1);
		if (!parse_record(line, &record) ||
			!user_is_address(users, record.address))
			continue;
		records = xreallocarray(records, n + 1, sizeof(*records));
		records[n++] = record;
	}
	*ret_records = records;
	return n;
}

/* The greatest number comes first: it takes the place. */
static int compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return (x->number < y->number) - (x->number > y->number);
}

/* 1 when the account was missing. */
static int place(
	const struct users *users, const struct record *record, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(PASSWORD_FILE_MAX_BYTES);

	if (user_read_password(users, record->address, &text, NULL) > 0)
		return 0;
	return user_create(
		users, record->address, record->password, &text, why);
}

static int place_all(const struct users *users, struct slice text,
	size_t *ret_n_placed, struct buf *why)
{
	struct record *records;
	size_t n = find_records(users, text, &records), n_placed = 0;
	int r = 0;

	if (n > 1)
		qsort(records, n, sizeof(*records), compare);
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = place(users, &records[i], why);
		n_placed += r > 0;
	}
	free(records);
	if (r >= 0)
		*ret_n_placed = n_placed;
	return r < 0 ? r : 0;
}

/* Those that were in place already may not be on disk yet. */
static int sync_and_remove(const char *dir, const char *path)
{
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0 || unlink(path) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int old_journal_replay(
	const struct users *users, size_t *ret_n_placed, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/" FILE_NAME, users->dir);
	struct buf text = BUF_INIT(OLD_JOURNAL_MAX_BYTES);
	size_t n_placed = 0;

	if (!file_exists(path))
		return 0;
	int r = file_read(path, &text, why);
	if (r == 0)
		r = place_all(users, buf_slice(&text), &n_placed, why);
	buf_release_secret(&text);
	if (r < 0)
		return r;
	r = sync_and_remove(users->dir, path);
	if (r < 0)
		return because(why, r, "%s: %s", path, strerror(-r));
	*ret_n_placed = n_placed;
	return 1;
}
