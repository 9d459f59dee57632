/*
 * The making of an account (user.h). What makes it safe: the password
 * file is complete, and it or the journal is on disk, before it has a
 * name; and link(2) gives it the name only where there is none.
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
#include "lib/random.h"

enum {
	DAY_SEC = 86400,
};

static const char password_name[] = "password";

static int because_of(struct buf *why, int error, const char *path)
{
	return because(why, error, "%s: %s", path, strerror(-error));
}

static int make_home(struct user_draft *draft)
{
	if (mkdir(draft->home, 0700) == 0)
		draft->has_made_home = true;
	else if (errno != EEXIST)
		return -errno;
	draft->dir_fd = open(draft->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return draft->dir_fd < 0 ? -errno : 0;
}

/* Not every file system (NFS, FAT) has files without a name. */
static int open_named(struct user_draft *draft)
{
	uint64_t chance;

	random_fill(&chance, sizeof(chance));
	snprintf(draft->tmp_name, sizeof(draft->tmp_name),
		".password.%016" PRIx64, chance);
	draft->file_fd = openat(draft->dir_fd, draft->tmp_name,
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (draft->file_fd >= 0)
		return 0;
	draft->tmp_name[0] = '\0';
	return -errno;
}

static int open_file(struct user_draft *draft)
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

int user_draft_write(struct user_draft *draft, const struct users *users,
	struct slice address, struct slice password, struct buf *why)
{
	*draft = (struct user_draft){ .dir_fd = -1, .file_fd = -1 };
	draft->home = xasprintf("%s/%.*s", users->dir, SLICE_FMT(address));
	int r = make_home(draft);
	if (r == 0)
		r = open_file(draft);
	if (r == 0)
		r = fd_write_all(draft->file_fd, password);
	if (r == 0)
		r = stamp_day(draft->file_fd);
	return r < 0 ? because_of(why, r, draft->home) : 0;
}

int user_draft_sync(struct user_draft *draft, struct buf *why)
{
	if (fsync(draft->file_fd) < 0)
		return because_of(why, -errno, draft->home);
	return 0;
}

/* 0, or -EEXIST. */
static int link_file(const struct user_draft *draft)
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
static int read_winner(const struct user_draft *draft, struct buf *ret_password)
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
 * An empty file is no account and gives way. The lock keeps two of us
 * from removing what the other one has just put there.
 */
static int remove_empty(const struct user_draft *draft)
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

int user_draft_publish(
	struct user_draft *draft, struct buf *ret_password, struct buf *why)
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
	return because_of(why, r, draft->home);
}

int user_draft_settle(struct user_draft *draft, struct buf *why)
{
	if (fsync(draft->dir_fd) < 0)
		return because_of(why, -errno, draft->home);
	return 0;
}

void user_draft_release(struct user_draft *draft)
{
	if (!draft->home)
		return;
	if (draft->tmp_name[0])
		unlinkat(draft->dir_fd, draft->tmp_name, 0);
	/* Fails, as it should, when somebody else has put something there. */
	if (draft->has_made_home && !draft->is_published)
		rmdir(draft->home);
	fd_close(&draft->file_fd);
	fd_close(&draft->dir_fd);
	free(draft->home);
	*draft = (struct user_draft){ .dir_fd = -1, .file_fd = -1 };
}

int users_sync_all(const struct users *users, struct buf *why)
{
	AUTO_CLOSE int fd =
		open(users->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return because_of(why, -errno, users->dir);
	return 0;
}

int users_settle(const struct users *users, struct buf *why)
{
	AUTO_CLOSE int fd =
		open(users->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return because_of(why, -errno, users->dir);
	return 0;
}
