/* dir.c - folders by descriptor, entry by entry. */
#include "chatmaild/expire/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum {
	/* Most folders are read by one call; glibc's is as large. */
	BUF_BYTES = 32768,
	OPEN_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK,
};

static int fill_in(int fd, struct dir *ret_dir)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_dir = (struct dir){
		.fd = fd,
		.dev = st.st_dev,
		.ino = st.st_ino,
		.mtime = st.st_mtim.tv_sec,
	};
	return 0;
}

int dir_open_root(const char *path, struct dir *ret_dir)
{
	AUTO_CLOSE int fd = open(path, OPEN_FLAGS);

	if (fd < 0)
		return -errno;
	int r = fill_in(fd, ret_dir);
	if (r == 0)
		fd = -1;
	return r;
}

int dir_open(const struct dir *parent, const char *name, struct dir *ret_dir)
{
	AUTO_CLOSE int fd = openat(parent->fd, name, OPEN_FLAGS | O_NOFOLLOW);
	struct dir dir;

	if (fd < 0)
		return -errno;
	int r = fill_in(fd, &dir);
	if (r < 0)
		return r;
	if (dir.dev != parent->dev)
		return -EXDEV;
	*ret_dir = dir;
	fd = -1;
	return 0;
}

void dir_close(struct dir *dir)
{
	free(dir->buf);
	fd_close(&dir->fd);
	*dir = DIR_NONE;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' &&
		(name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* For filesystems that do not tell the type when a folder is read. */
static unsigned char find_type(const struct dir *dir, const char *name)
{
	struct dir_file file;

	if (dir_stat(dir, name, &file) < 0)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(file.mode);
}

static int refill(struct dir *dir)
{
	if (!dir->buf)
		dir->buf = xmalloc(BUF_BYTES);
	ssize_t n = getdents64(dir->fd, dir->buf, BUF_BYTES);
	/* ENOENT: the folder itself was removed meanwhile. */
	if (n < 0 && errno != ENOENT)
		return -errno;
	dir->at = 0;
	dir->len = n > 0 ? (size_t)n : 0;
	return 0;
}

int dir_next(struct dir *dir, struct dir_entry *ret_entry)
{
	for (;;) {
		int r = dir->at < dir->len ? 0 : refill(dir);
		if (r < 0)
			return r;
		if (dir->len == 0)
			return 0;
		const struct dirent64 *raw = (void *)(dir->buf + dir->at);
		dir->at += raw->d_reclen;
		if (is_dots(raw->d_name))
			continue;
		unsigned char type = raw->d_type;
		if (type == DT_UNKNOWN)
			type = find_type(dir, raw->d_name);
		if (type == DT_UNKNOWN)
			continue; /* it vanished */
		*ret_entry = (struct dir_entry){
			.name = raw->d_name,
			.type = type,
			.ino = raw->d_ino,
		};
		return 1;
	}
}

int dir_stat(const struct dir *dir, const char *name, struct dir_file *ret_file)
{
	const unsigned mask = STATX_TYPE | STATX_MODE | STATX_MTIME |
		STATX_CTIME | STATX_SIZE | STATX_INO;
	struct statx stx;

	if (statx(dir->fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, mask,
		    &stx) < 0)
		return -errno;
	*ret_file = (struct dir_file){
		.mtime = stx.stx_mtime.tv_sec,
		.mtime_ns = stx.stx_mtime.tv_sec * 1000000000 +
			stx.stx_mtime.tv_nsec,
		.changed = stx.stx_ctime.tv_sec,
		.size = stx.stx_size,
		.ino = stx.stx_ino,
		.mode = stx.stx_mode,
	};
	return 0;
}
