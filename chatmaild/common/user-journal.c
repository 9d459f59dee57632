#include "chatmaild/common/user-journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "chatmaild/common/limits.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

#define FILE_NAME ".creations"

enum {
	FILE_BYTES = 2 * JOURNAL_HALF_BYTES,
	CHECKSUM_CHARS = 16,
	/* Bytes of the file that are locked, as long as the file is open. */
	LOCK_REPLAY = 0,
	LOCK_OWNER = 1,
};

struct user_journal {
	const struct users *users;
	char *path;
	int fd; /* -1: not ours */
	atomic_uint_fast64_t number;
	pthread_mutex_t taking;
	pthread_mutex_t settling; /* before `lock` */
	pthread_mutex_t lock;     /* guards what follows */
	pthread_cond_t is_ended;
	unsigned active;
	size_t used[2];
	size_t n_open[2]; /* batches that are not ended */
};

struct record {
	uint64_t number;
	struct slice address;
	struct slice password;
};

static int because_of(const struct user_journal *j, struct buf *why, int error)
{
	return because(why, error, "%s: %s", j->path, strerror(-error));
}

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

struct found {
	struct record *records;
	struct user_replay replay;
};

/* NULs are room. */
static struct slice skip_room(struct slice line)
{
	while (line.len > 0 && line.ptr[0] == '\0')
		line = slice_from(line, 1);
	return line;
}

static void find_records(
	const struct user_journal *j, struct slice text, struct found *found)
{
	struct user_replay *replay = &found->replay;
	struct slice line;
	size_t n_room = 0;

	while (slice_next_line(&text, &line)) {
		struct record record;
		line = skip_room(line);
		if (line.len == 0)
			continue;
		if (!parse_record(line, &record) ||
			!user_is_address(j->users, record.address)) {
			replay->n_bad++;
			continue;
		}
		if (replay->n_records == n_room) {
			n_room = n_room ? 2 * n_room : 64;
			found->records = xreallocarray(found->records, n_room,
				sizeof(*found->records));
		}
		found->records[replay->n_records++] = record;
	}
}

/* The last one comes first: it takes the place, the others come late. */
static int compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return (x->number < y->number) - (x->number > y->number);
}

static int place(const struct user_journal *j, const struct record *record,
	struct buf *why)
{
	AUTO_BUF struct buf winner = BUF_INIT(PASSWORD_FILE_MAX_BYTES);
	struct user_draft draft;
	int r = user_draft_write(
		&draft, j->users, record->address, record->password, why);

	if (r == 0)
		r = user_draft_publish(&draft, &winner, why);
	user_draft_release(&draft);
	return r;
}

static int place_all(
	const struct user_journal *j, struct found *found, struct buf *why)
{
	size_t n = found->replay.n_records;

	if (n > 1)
		qsort(found->records, n, sizeof(*found->records), compare);
	for (size_t i = 0; i < n; i++) {
		int r = place(j, &found->records[i], why);
		if (r < 0)
			return r;
		found->replay.n_placed += (size_t)r;
	}
	return n > 0 ? users_sync_all(j->users, why) : 0;
}

static int write_zeros(int fd, size_t at, size_t len)
{
	static const char zeros[4096];

	while (len > 0) {
		size_t part = len < sizeof(zeros) ? len : sizeof(zeros);
		ssize_t n = pwrite(fd, zeros, part, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* All of it is written, so that a later write finds its blocks. */
static int make_empty(const struct user_journal *j, int fd, struct buf *why)
{
	int r = write_zeros(fd, 0, FILE_BYTES);

	if (r == 0 && (ftruncate(fd, FILE_BYTES) < 0 || fsync(fd) < 0))
		r = -errno;
	return r < 0 ? because_of(j, why, r) : users_settle(j->users, why);
}

static bool is_empty(struct slice text)
{
	return text.len == FILE_BYTES && text.ptr[0] == '\0' &&
		memcmp(text.ptr, text.ptr + 1, text.len - 1) == 0;
}

static int replay_text(const struct user_journal *j, int fd, struct slice text,
	struct user_replay *replay, struct buf *why)
{
	struct found found = { 0 };

	if (is_empty(text))
		return 0;
	find_records(j, text, &found);
	int r = place_all(j, &found, why);
	if (r == 0)
		r = make_empty(j, fd, why);
	free(found.records);
	*replay = found.replay;
	return r;
}

static int replay_file(const struct user_journal *j, int fd,
	struct user_replay *replay, struct buf *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return because_of(j, why, -errno);
	if (!S_ISREG(st.st_mode) || st.st_size > JOURNAL_MAX_BYTES)
		return because(why, -EINVAL,
			"%s: not a journal of accounts; move it away", j->path);
	if (st.st_size == 0)
		return make_empty(j, fd, why);
	size_t len = (size_t)st.st_size;
	void *text = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (text == MAP_FAILED)
		return because_of(j, why, -errno);
	int r = replay_text(j, fd, slice_make(text, len), replay, why);
	munmap(text, len);
	return r;
}

static int lock_byte(int fd, int byte, int type, int command)
{
	struct flock lock = {
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = byte,
		.l_len = 1,
	};

	while (fcntl(fd, command, &lock) < 0)
		if (errno != EINTR)
			return errno == EACCES ? -EAGAIN : -errno;
	return 0;
}

/* 1; or 0 when it is another's, who then has replayed it. */
static int become_owner(int fd)
{
	int r = lock_byte(fd, LOCK_REPLAY, F_WRLCK, F_OFD_SETLKW);

	if (r == 0)
		r = lock_byte(fd, LOCK_OWNER, F_WRLCK, F_OFD_SETLK);
	if (r == -EAGAIN)
		return 0;
	return r < 0 ? r : 1;
}

static int take(
	struct user_journal *j, struct user_replay *replay, struct buf *why)
{
	AUTO_CLOSE int fd = open(j->path,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd < 0)
		return because_of(j, why, -errno);
	int r = become_owner(fd);
	if (r < 0)
		return because_of(j, why, r);
	if (r == 0)
		return 0;
	r = replay_file(j, fd, replay, why);
	if (r < 0)
		return r;
	r = lock_byte(fd, LOCK_REPLAY, F_UNLCK, F_OFD_SETLK);
	if (r < 0)
		return because_of(j, why, r);
	j->fd = fd;
	fd = -1;
	return 1;
}

int user_journal_take(
	struct user_journal *j, struct user_replay *ret_replay, struct buf *why)
{
	struct user_replay replay = { 0 };
	int r = 1;

	pthread_mutex_lock(&j->taking);
	if (j->fd < 0)
		r = take(j, &replay, why);
	pthread_mutex_unlock(&j->taking);
	if (r > 0 && ret_replay)
		*ret_replay = replay;
	return r;
}

struct user_journal *user_journal_new(const struct users *users)
{
	struct user_journal *j = xcalloc(1, sizeof(*j));

	j->users = users;
	j->path = xasprintf("%s/" FILE_NAME, users->dir);
	j->fd = -1;
	if (pthread_mutex_init(&j->taking, NULL) != 0 ||
		pthread_mutex_init(&j->settling, NULL) != 0 ||
		pthread_mutex_init(&j->lock, NULL) != 0 ||
		pthread_cond_init(&j->is_ended, NULL) != 0)
		bug("cannot make a lock");
	return j;
}

void user_journal_free(struct user_journal *j)
{
	if (!j)
		return;
	pthread_cond_destroy(&j->is_ended);
	pthread_mutex_destroy(&j->lock);
	pthread_mutex_destroy(&j->settling);
	pthread_mutex_destroy(&j->taking);
	fd_close(&j->fd);
	free(j->path);
	free(j);
}

void user_batch_add(struct user_journal *j, struct user_batch *batch,
	struct slice address, struct slice password)
{
	struct buf *out = &batch->records;

	/* Ends what may stand before it: a batch that was cut off. */
	if (out->len == 0)
		buf_add_char(out, '\n');
	size_t from = out->len;
	buf_addf(out, "%" PRIuFAST64 "\t", atomic_fetch_add(&j->number, 1));
	buf_add_slice(out, address);
	buf_add_char(out, '\t');
	buf_add_slice(out, password);
	uint64_t sum = checksum(slice_from(buf_slice(out), from));
	buf_addf(out, "\t%016" PRIx64 "\n", sum);
}

static bool has_room(const struct user_journal *j, size_t len)
{
	return j->used[j->active] + len <= JOURNAL_HALF_BYTES;
}

/* The batch's place in the file; what fails is to be wiped as well. */
static int reserve(struct user_journal *j, struct user_batch *batch,
	size_t *ret_at, struct buf *why)
{
	size_t len = batch->records.len;
	int r = 0;

	pthread_mutex_lock(&j->lock);
	while (r == 0 && !has_room(j, len)) {
		pthread_mutex_unlock(&j->lock);
		r = user_journal_settle(j, why);
		pthread_mutex_lock(&j->lock);
	}
	if (r == 0) {
		batch->half = j->active;
		batch->is_committed = true;
		*ret_at = batch->half * (size_t)JOURNAL_HALF_BYTES +
			j->used[batch->half];
		j->used[batch->half] += len;
		j->n_open[batch->half]++;
	}
	pthread_mutex_unlock(&j->lock);
	return r;
}

static int write_at(int fd, struct slice rest, size_t at)
{
	while (rest.len > 0) {
		ssize_t n = pwrite(fd, rest.ptr, rest.len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (size_t)n;
		rest = slice_from(rest, (size_t)n);
	}
	return fdatasync(fd) < 0 ? -errno : 0;
}

int user_batch_commit(
	struct user_journal *j, struct user_batch *batch, struct buf *why)
{
	size_t at = 0;

	if (!buf_ok(&batch->records))
		return because_of(j, why, -ENOSPC);
	if (batch->records.len == 0)
		return 0;
	int r = reserve(j, batch, &at, why);
	if (r < 0)
		return r;
	r = write_at(j->fd, buf_slice(&batch->records), at);
	return r < 0 ? because_of(j, why, r) : 0;
}

void user_batch_end(struct user_journal *j, struct user_batch *batch)
{
	if (batch->is_committed) {
		pthread_mutex_lock(&j->lock);
		j->n_open[batch->half]--;
		pthread_mutex_unlock(&j->lock);
		pthread_cond_broadcast(&j->is_ended);
	}
	buf_release_secret(&batch->records);
	*batch = USER_BATCH_INIT;
}

/* Bytes that wait to be emptied in *ret_half, which takes no more. */
static size_t leave_half(struct user_journal *j, unsigned *ret_half)
{
	pthread_mutex_lock(&j->lock);
	if (j->used[!j->active] == 0 && j->used[j->active] > 0)
		j->active = !j->active;
	unsigned half = !j->active;
	while (j->n_open[half] > 0)
		pthread_cond_wait(&j->is_ended, &j->lock);
	size_t used = j->used[half];
	pthread_mutex_unlock(&j->lock);
	*ret_half = half;
	return used;
}

static int empty_half(struct user_journal *j, struct buf *why)
{
	unsigned half;
	size_t used = leave_half(j, &half);

	if (used == 0)
		return 0;
	int r = users_sync_all(j->users, why);
	if (r < 0)
		return r;
	r = write_zeros(j->fd, half * (size_t)JOURNAL_HALF_BYTES, used);
	if (r == 0 && fdatasync(j->fd) < 0)
		r = -errno;
	if (r < 0)
		return because_of(j, why, r);
	pthread_mutex_lock(&j->lock);
	j->used[half] = 0;
	pthread_mutex_unlock(&j->lock);
	return 0;
}

int user_journal_settle(struct user_journal *j, struct buf *why)
{
	pthread_mutex_lock(&j->settling);
	int r = empty_half(j, why);
	pthread_mutex_unlock(&j->settling);
	return r;
}
