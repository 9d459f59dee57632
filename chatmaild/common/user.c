/* user.c - the account of an address on the disk. */
#include "chatmaild/common/user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "chatmaild/common/limits.h"
#include "lib/file.h"
#include "lib/path.h"
#include "mail/address.h"

#define ECHO_NAME "echo"

enum {
	DAY_SEC = 86400,
};

void users_init(
	struct users *users, const struct config *config, const char *ini_path)
{
	*users = (struct users){
		.dir = xstrdup(config->mailboxes_dir),
		.domain = xstrdup(config->address_domain),
	};
	if (config->echobot)
		users->echo_password =
			path_beside(ini_path, "echobot-password");
}

void users_release(struct users *users)
{
	free(users->dir);
	free(users->domain);
	free(users->echo_password);
	*users = (struct users){ 0 };
}

bool user_is_address(const struct users *users, struct slice address)
{
	struct slice local, domain;

	if (address.len > ADDRESS_MAX_BYTES ||
		!slice_cut(address, '@', &local, &domain))
		return false;
	for (size_t i = 0; i < address.len; i++) {
		char c = address.ptr[i];
		if (c <= ' ' || c >= 0x7f || c == '/')
			return false;
	}
	return local.len > 0 && slice_eq_str(domain, users->domain);
}

bool user_is_echo(const struct users *users, struct slice address)
{
	return slice_starts(address, SLICE(ECHO_NAME "@")) &&
		user_is_address(users, address);
}

void user_add_home(
	const struct users *users, struct slice address, struct buf *out)
{
	buf_add_str(out, users->dir);
	buf_add_char(out, '/');
	buf_add_slice(out, address);
}

static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

static int find_flag(
	const struct users *users, struct slice address, const char *name)
{
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_BYTES);
	struct stat st;

	if (!user_is_address(users, address))
		return 0;
	user_add_home(users, address, &path);
	buf_addf(&path, "/%s", name);
	if (lstat(buf_str(&path), &st) == 0)
		return 1;
	return is_missing(errno) ? 0 : -errno;
}

/* If that cannot be known, it is there. */
static bool has_flag(
	const struct users *users, struct slice address, const char *name)
{
	return find_flag(users, address, name) != 0;
}

bool user_is_blocked(const struct users *users, struct slice address)
{
	return has_flag(users, address, USER_BLOCKED);
}

bool user_takes_no_mail(const struct users *users, struct slice address)
{
	return has_flag(users, address, USER_DISABLED);
}

int user_demands_encryption(const struct users *users, struct slice address)
{
	return find_flag(users, address, USER_DEMANDS);
}

/* 0 when the user cannot be, by its address or for lack of an echo bot. */
static int add_password_path(
	const struct users *users, struct slice address, struct buf *out)
{
	if (!user_is_address(users, address))
		return 0;
	if (user_is_echo(users, address)) {
		if (users->echo_password)
			buf_add_str(out, users->echo_password);
		return users->echo_password ? 1 : 0;
	}
	user_add_home(users, address, out);
	buf_add_str(out, "/password");
	return 1;
}

/*
 * For a log, where the path may not stand: it has the address in it. The
 * folder's inode leads an operator to it (find -inum).
 */
static int fail(struct buf *why, int r, const char *path, const char *reason)
{
	AUTO_FREE char *folder = slice_dup(path_folder(path));
	struct stat st = { 0 };

	if (stat(folder, &st) < 0)
		st.st_ino = 0;
	return because(why, r, "%s: %s; user_inode=%lu", path_name(path),
		reason, (unsigned long)st.st_ino);
}

struct slice user_password_in(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != '\0')
			return slice_trim(text);
	return SLICE_NONE;
}

/* The contents, without the end of the line; 0 when there are none. */
static int read_password(int fd, struct buf *out, struct buf *why)
{
	char text[PASSWORD_FILE_MAX_BYTES];
	ssize_t n = read(fd, text, sizeof(text));

	if (n < 0)
		return because(why, -errno, "%s", strerror(errno));
	struct slice line = user_password_in(slice_make(text, (size_t)n));
	if (line.len == 0)
		return 0;
	if (n == sizeof(text) || line.ptr[0] != '{' ||
		slice_has_char(line, '\n') || slice_has_char(line, '\0'))
		return because(why, -EINVAL, "not a password file");
	buf_add_slice(out, line);
	explicit_bzero(text, sizeof(text));
	return 1;
}

int user_read_password(const struct users *users, struct slice address,
	struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_BYTES);
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (!add_password_path(users, address, &path))
		return 0;
	AUTO_CLOSE int fd =
		open(buf_str(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && is_missing(errno))
		return 0;
	if (fd < 0)
		return fail(why, -errno, buf_str(&path), strerror(errno));
	int r = read_password(fd, out, &reason);
	if (r < 0)
		return fail(why, r, buf_str(&path), buf_str(&reason));
	return r;
}

static int stamp(const char *path, time_t day, struct buf *why)
{
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = day },
	};
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(why, is_missing(errno) ? -ENOENT : -errno, path,
			strerror(errno));
	if (st.st_size == 0)
		return because(why, -ENOENT, "no such account");
	if (st.st_mtim.tv_sec == day && st.st_mtim.tv_nsec == 0)
		return 0;
	if (utimensat(AT_FDCWD, path, times, 0) < 0)
		return fail(why, -errno, path, strerror(errno));
	return 1;
}

int user_touch_login(const struct users *users, struct slice address,
	time_t when, struct buf *why)
{
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_BYTES);

	if (!add_password_path(users, address, &path))
		return because(why, -ENOENT, "not an address of ours");
	/* The bot's file is root's, and it stays as long as the bot does. */
	if (user_is_echo(users, address))
		return 0;
	return stamp(buf_str(&path), when - when % DAY_SEC, why);
}

int user_list_open(
	const struct users *users, struct user_list *ret_list, struct buf *why)
{
	DIR *dir = opendir(users->dir);

	if (!dir)
		return because(
			why, -errno, "%s: %s", users->dir, strerror(errno));
	ret_list->dir = dir;
	return 0;
}

static bool has_password(int dir_fd, const char *address)
{
	AUTO_FREE char *path = xasprintf("%s/password", address);
	struct stat st;

	return fstatat(dir_fd, path, &st, 0) == 0 && st.st_size > 0;
}

int user_list_next(struct user_list *list, struct slice *ret_address)
{
	struct dirent *entry;

	errno = 0;
	while ((entry = readdir(list->dir))) {
		bool is_user = strchr(entry->d_name, '@') &&
			has_password(dirfd(list->dir), entry->d_name);
		if (is_user) {
			*ret_address = slice_of(entry->d_name);
			return 1;
		}
		errno = 0;
	}
	return errno ? -errno : 0;
}

void user_list_close(struct user_list *list)
{
	if (list->dir)
		closedir(list->dir);
	list->dir = NULL;
}
