/* store.c - the file that is written to, and those that wait to go. */
#include "chatmaild/log/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"

enum {
	PENDING_MAX_BYTES = 1 << 20,
	FLUSH_BYTES = 65536,
	STAMP_MAX_BYTES = 64,
	LOG_MODE = 0640,
};

static const char current[] = "current";
static const char stamp_format[] = "%Y-%m-%d_%H:%M:%S";

/* When the first line was written, by its own word. */
static time_t first_time(int fd, time_t otherwise)
{
	char text[STAMP_MAX_BYTES] = "";
	struct tm tm = { 0 };
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0 || !strptime(text, stamp_format, &tm))
		return otherwise;
	return timegm(&tm);
}

static int open_current(struct store *s, time_t now)
{
	struct stat st;
	int fd = openat(s->dir, current,
		O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOG_MODE);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	s->fd = fd;
	s->size = (size_t)st.st_size;
	s->begun = s->size ? first_time(fd, st.st_mtime) : now;
	return 0;
}

int store_open(
	const char *path, time_t now, struct store *ret_store, struct buf *why)
{
	struct store s = { .pending = BUF_INIT(PENDING_MAX_BYTES) };

	s.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.dir < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	int r = open_current(&s, now);
	if (r < 0) {
		close(s.dir);
		return because(
			why, r, "%s/%s: %s", path, current, strerror(-r));
	}
	*ret_store = s;
	store_tidy(ret_store, now);
	return 0;
}

void store_close(struct store *s)
{
	fd_close(&s->fd);
	fd_close(&s->dir);
	buf_release(&s->pending);
}

/* A name that sorts by time and that no other file has. */
static void rename_current(struct store *s)
{
	struct timespec now;
	struct tm tm;
	char stamp[STAMP_MAX_BYTES];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), stamp_format, &tm);
	AUTO_FREE char *name = xasprintf("@%s.%09ld", stamp, (long)now.tv_nsec);
	/* Where that fails, the old file goes on. */
	(void)renameat(s->dir, current, s->dir, name);
}

/* The oldest one; how many there are. Those whose time is over go. */
static size_t look_around(struct store *s, time_t limit, char **ret_oldest)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	time_t oldest = 0;
	size_t n = 0;

	while (dir && (entry = readdir(dir))) {
		struct stat st;
		if (strcmp(entry->d_name, current) == 0 ||
			fstatat(s->dir, entry->d_name, &st,
				AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode))
			continue;
		if (st.st_mtime < limit &&
			unlinkat(s->dir, entry->d_name, 0) == 0)
			continue;
		n++;
		if (*ret_oldest && st.st_mtime >= oldest)
			continue;
		free(*ret_oldest);
		*ret_oldest = xstrdup(entry->d_name);
		oldest = st.st_mtime;
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return n;
}

static void remove_old(struct store *s, time_t now)
{
	for (;;) {
		AUTO_FREE char *oldest = NULL;
		size_t n = look_around(s, now - STORE_KEEP_SEC, &oldest);
		if (n <= STORE_FILES_MAX || unlinkat(s->dir, oldest, 0) < 0)
			return;
	}
}

static void turn(struct store *s, time_t now)
{
	int old = s->fd;

	rename_current(s);
	if (open_current(s, now) == 0)
		close(old);
	else
		s->fd = old;
	remove_old(s, now);
}

static void tell_lost(struct store *s)
{
	AUTO_FREE char *text = xasprintf(
		"chatmail-log: lines lost while the disk took none: n=%llu",
		(unsigned long long)s->n_lost);
	struct timespec now;

	s->n_lost = 0;
	clock_gettime(CLOCK_REALTIME, &now);
	store_add(s, &now, slice_of(text));
}

/* The services go on, whatever becomes of their lines. */
static void lose(struct store *s)
{
	struct slice rest = buf_slice(&s->pending), line;

	while (slice_next_line(&rest, &line))
		s->n_lost++;
}

void store_flush(struct store *s, time_t now)
{
	if (s->pending.len == 0)
		return;
	if (s->size + s->pending.len > STORE_FILE_MAX_BYTES && s->size > 0)
		turn(s, now);
	if (s->size == 0)
		s->begun = now;
	int r = fd_write_all(s->fd, buf_slice(&s->pending));
	if (r < 0)
		lose(s);
	else
		s->size += s->pending.len;
	buf_reset(&s->pending);
	if (r == 0 && s->n_lost)
		tell_lost(s);
}

void store_add(struct store *s, const struct timespec *now, struct slice line)
{
	char stamp[STAMP_MAX_BYTES];
	struct tm tm;

	gmtime_r(&now->tv_sec, &tm);
	strftime(stamp, sizeof(stamp), stamp_format, &tm);
	buf_addf(&s->pending, "%s.%05ld ", stamp, now->tv_nsec / 10000);
	buf_add_slice(&s->pending, line);
	buf_add_char(&s->pending, '\n');
	if (s->pending.len >= FLUSH_BYTES)
		store_flush(s, now->tv_sec);
}

void store_tidy(struct store *s, time_t now)
{
	if (s->size > 0 && now - s->begun >= STORE_TURN_SEC)
		turn(s, now);
	else
		remove_old(s, now);
}
