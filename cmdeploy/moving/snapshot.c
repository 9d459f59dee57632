/* Hard links to all that is in the mailboxes, each at a quiet moment. */
#include "cmdeploy/moving/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cmdeploy/signals.h"
#include "lib/file.h"

enum {
	DEPTH_MAX = 8,
	TRIES_MAX = 50,
	/* Changes so close to each other may leave the same mtime. */
	TICK_NSEC = 20000000,
	SECOND_NSEC = 1000000000,
};

struct copy {
	bool has_mail;
	bool is_restless; /* something was renamed while it was linked */
	size_t n_messages;
};

static int open_folder(int at, const char *name)
{
	int fd = openat(
		at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int64_t nsec(struct timespec at)
{
	return (int64_t)at.tv_sec * SECOND_NSEC + at.tv_nsec;
}

static int64_t mtime_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : nsec(st.st_mtim);
}

static int64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	return nsec(at);
}

static bool is_messages(const char *name)
{
	return strcmp(name, "new") == 0 || strcmp(name, "cur") == 0;
}

/* Dovecot makes it again, or it is of one moment only. */
static bool is_left_out(struct slice name)
{
	return slice_starts(name, SLICE("dovecot.index")) ||
		slice_starts(name, SLICE("dovecot.list.index")) ||
		slice_eq_str(name, "maildirsize") ||
		slice_ends(name, SLICE(".lock")) ||
		slice_ends(name, SLICE(".tmp"));
}

static int add_folder(
	struct copy *copy, int from_at, int to_at, const char *name, int depth);

/* What has gone in the meantime is not missed. */
static int add_entry(
	struct copy *copy, int from, int to, const char *name, int depth)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		is_left_out(slice_of(name)))
		return 0;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return depth == DEPTH_MAX
			? 0
			: add_folder(copy, from, to, name, depth + 1);
	if (S_ISREG(st.st_mode) && linkat(from, name, to, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 0;
}

static int add_all(struct copy *copy, int from, int to, int depth, size_t *n)
{
	DIR *dir = fdopendir(open_folder(from, "."));
	int r = dir ? 0 : -errno;

	for (struct dirent *e; r == 0 && (e = readdir(dir)) != NULL; (*n)++)
		r = add_entry(copy, from, to, e->d_name, depth);
	if (dir)
		closedir(dir);
	return r;
}

static int add_messages(struct copy *copy, int from, int to, int depth)
{
	int64_t before = mtime_of(from), start = now();
	size_t n = 0;
	int r = add_all(copy, from, to, depth, &n);

	if (mtime_of(from) != before ||
		(before > start - TICK_NSEC && before <= start))
		copy->is_restless = true;
	copy->n_messages += n - 2;
	return r;
}

static int add_folder(
	struct copy *copy, int from_at, int to_at, const char *name, int depth)
{
	AUTO_CLOSE int from = open_folder(from_at, name);
	size_t ignored = 0;

	if (from < 0)
		return from == -ENOENT ? 0 : from;
	if (mkdirat(to_at, name, 0700) < 0)
		return -errno;
	AUTO_CLOSE int to = open_folder(to_at, name);
	if (to < 0)
		return to;
	if (strcmp(name, "tmp") == 0 || (is_messages(name) && !copy->has_mail))
		return 0;
	return is_messages(name) ? add_messages(copy, from, to, depth)
				 : add_all(copy, from, to, depth, &ignored);
}

/* Again until nothing was renamed meanwhile. */
static int add_account(const char *from, const char *to, const char *name,
	bool has_mail, struct snapshot_counts *counts)
{
	const struct timespec tick = { .tv_nsec = TICK_NSEC };
	AUTO_FREE char *path = xasprintf("%s/%s", to, name);
	AUTO_CLOSE int from_fd = open_folder(AT_FDCWD, from);
	AUTO_CLOSE int to_fd = open_folder(AT_FDCWD, to);
	struct copy copy = { .has_mail = has_mail, .is_restless = true };
	int r = 0;

	for (int i = 0; r == 0 && copy.is_restless && i < TRIES_MAX; i++) {
		if (i > 0) {
			dir_remove(path);
			nanosleep(&tick, NULL);
		}
		copy = (struct copy){ .has_mail = has_mail };
		r = add_folder(&copy, from_fd, to_fd, name, 0);
	}
	counts->n_accounts++;
	counts->n_messages += copy.n_messages;
	counts->n_restless += copy.is_restless;
	return r;
}

int snapshot_make(const char *from, const char *to, bool has_mail,
	struct snapshot_counts *ret_counts, struct buf *why)
{
	struct snapshot_counts counts = { 0 };
	DIR *dir = opendir(from);
	int r = dir && mkdir(to, 0700) == 0 ? 0 : -errno;

	for (struct dirent *e; r == 0 && (e = readdir(dir)) != NULL;) {
		if (strchr(e->d_name, '@'))
			r = add_account(from, to, e->d_name, has_mail, &counts);
		if (r == 0 && signals_told_to_stop())
			r = -EINTR;
	}
	if (dir)
		closedir(dir);
	if (r < 0)
		return because(why, r,
			"the mailboxes below %s cannot be copied: %s", from,
			strerror(-r));
	*ret_counts = counts;
	return 0;
}
