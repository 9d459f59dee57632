/*
 * user-create.c - the making of an account (user.h). What makes it safe:
 * the password file is complete and on disk before it has a name; link(2)
 * gives it the name only where there is none; and the folders are on disk
 * before anybody is told.
 */
#include "chatmaild/common/user.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "chatmaild/common/limits.h"
#include "lib/file.h"

enum {
	DAY_SEC = 86400,
};

static const char password_name[] = "password";

struct draft {
	const char *dir; /* of all users */
	char *home;
	int dir_fd; /* of the home */
	int file_fd;
	char tmp_name[32]; /* where the file system has no nameless files */
	bool has_made_home;
	bool is_published;
};

static int make_home(struct draft *draft)
{
	if (mkdir(draft->home, 0700) == 0)
		draft->has_made_home = true;
	else if (errno != EEXIST)
		return -errno;
	draft->dir_fd = open(draft->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return draft->dir_fd < 0 ? -errno : 0;
}

/* Not every file system (NFS, FAT) has files without a name. */
static int open_named(struct draft *draft)
{
	uint64_t chance;

	arc4random_buf(&chance, sizeof(chance));
	snprintf(draft->tmp_name, sizeof(draft->tmp_name),
		".password.%016" PRIx64, chance);
	draft->file_fd = openat(draft->dir_fd, draft->tmp_name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (draft->file_fd >= 0)
		return 0;
	draft->tmp_name[0] = '\0';
	return -errno;
}

static int open_file(struct draft *draft)
{
	draft->file_fd = openat(
		draft->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (draft->file_fd >= 0)
		return 0;
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)
		return open_named(draft);
	return -errno;
}

/* No finer than a login is ever stamped. */
static int stamp_day(int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

	times[1].tv_sec = time(NULL);
	times[1].tv_sec -= times[1].tv_sec % DAY_SEC;
	return futimens(fd, times) < 0 ? -errno : 0;
}

/* A whole file on disk, which has no name yet. */
static int write_file(struct draft *draft, struct slice password)
{
	int r = make_home(draft);

	if (r == 0)
		r = open_file(draft);
	if (r == 0)
		r = fd_write_all(draft->file_fd, password);
	if (r == 0)
		r = stamp_day(draft->file_fd);
	if (r == 0 && fsync(draft->file_fd) < 0)
		r = -errno;
	return r;
}

/* 0, or -EEXIST. */
static int link_file(const struct draft *draft)
{
	char path[64];
	int r;

	if (draft->tmp_name[0]) {
		r = linkat(draft->dir_fd, draft->tmp_name, draft->dir_fd,
			password_name, 0);
	} else {
		snprintf(
			path, sizeof(path), "/proc/self/fd/%d", draft->file_fd);
		r = linkat(AT_FDCWD, path, draft->dir_fd, password_name,
			AT_SYMLINK_FOLLOW);
	}
	return r < 0 ? -errno : 0;
}

/* 1 with the contents; 0 when it is gone or empty. */
static int read_winner(const struct draft *draft, struct buf *ret_password)
{
	AUTO_BUF struct buf text = BUF_INIT(PASSWORD_FILE_MAX_BYTES);
	AUTO_CLOSE int fd =
		openat(draft->dir_fd, password_name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int r = fd_read_all(fd, &text);
	if (r < 0)
		return r;
	struct slice line = user_password_in(buf_slice(&text));
	buf_add_slice(ret_password, line);
	return line.len > 0;
}

/*
 * An empty file is not an account and gives way. The lock keeps two of us
 * from removing what the other one has just put there.
 */
static int remove_empty(const struct draft *draft)
{
	AUTO_BUF struct buf text = BUF_INIT(PASSWORD_FILE_MAX_BYTES);

	if (flock(draft->dir_fd, LOCK_EX) < 0)
		return -errno;
	int r = read_winner(draft, &text);
	if (r == 0 && unlinkat(draft->dir_fd, password_name, 0) < 0)
		r = -errno;
	flock(draft->dir_fd, LOCK_UN);
	return r == -ENOENT || r > 0 ? 0 : r;
}

/* 1; or 0 and what the file says, when somebody was first. */
static int publish(struct draft *draft, struct buf *ret_password)
{
	enum {
		TRIES = 16,
	};
	int r = -EEXIST;

	for (int i = 0; i < TRIES && r == -EEXIST; i++) {
		r = link_file(draft);
		if (r == 0) {
			draft->is_published = true;
			return 1;
		}
		if (r != -EEXIST)
			break;
		int found = read_winner(draft, ret_password);
		if (found == 0)
			found = remove_empty(draft);
		if (found > 0)
			return 0;
		if (found < 0)
			r = found;
	}
	return r;
}

/* The names are on disk. Who was first may not have got so far. */
static int sync_folders(const struct draft *draft)
{
	AUTO_CLOSE int fd =
		open(draft->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(draft->dir_fd) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static void draft_release(struct draft *draft)
{
	if (draft->tmp_name[0])
		unlinkat(draft->dir_fd, draft->tmp_name, 0);
	/* Fails, as it should, when somebody else has put something there. */
	if (draft->has_made_home && !draft->is_published)
		rmdir(draft->home);
	fd_close(&draft->file_fd);
	fd_close(&draft->dir_fd);
	free(draft->home);
}

int user_create(const struct users *users, struct slice address,
	struct slice password, struct buf *ret_password, struct buf *why)
{
	struct draft draft = {
		.dir = users->dir,
		.home = xasprintf("%s/%.*s", users->dir, SLICE_FMT(address)),
		.dir_fd = -1,
		.file_fd = -1,
	};
	int is_first = 0;
	int r = write_file(&draft, password);

	if (r == 0)
		r = is_first = publish(&draft, ret_password);
	if (r >= 0)
		r = sync_folders(&draft);
	if (r < 0)
		because(why, r, "%s: folder of an account: %s", users->dir,
			strerror(-r));
	draft_release(&draft);
	return r < 0 ? r : is_first;
}
