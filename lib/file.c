/* file.c - whole files and folders, read, replaced, made and removed. */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/path.h"

enum {
	READ_CHUNK_BYTES = 16384,
	TEXT_MAX_BYTES = 1 << 20,
};

int fd_read_all(int fd, struct buf *out)
{
	for (;;) {
		size_t left = out->max - out->len;
		size_t want = left < READ_CHUNK_BYTES ? left : READ_CHUNK_BYTES;
		char extra;
		char *room = want ? buf_room(out, want) : &extra;
		ssize_t n = read(fd, room, want ? want : 1);

		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!want)
			return -EFBIG;
		buf_added(out, (size_t)n);
	}
}

int file_read(const char *path, struct buf *out, struct buf *why)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	int r = fd_read_all(fd, out);
	if (r == -EFBIG)
		return because(
			why, r, "%s: larger than %zu bytes", path, out->max);
	if (r < 0)
		return because(why, r, "%s: %s", path, strerror(-r));
	return 0;
}

int fd_write_all(int fd, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data = slice_from(data, (size_t)n);
	}
	return 0;
}

static int sync_dir_of(const char *path)
{
	AUTO_FREE char *dir = slice_dup(path_folder(path));
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int fill(int fd, struct slice data, struct file_owner owner)
{
	int r = fd_write_all(fd, data);

	if (r < 0)
		return r;
	if (fchown(fd, owner.uid, owner.gid) < 0)
		return -errno;
	if (fchmod(fd, owner.mode) < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int file_write(const char *path, struct slice data, struct file_owner owner,
	struct buf *why)
{
	AUTO_FREE char *tmp = xasprintf("%s.XXXXXX.tmp", path);
	AUTO_CLOSE int fd = mkostemps(tmp, 4, O_CLOEXEC);

	if (fd < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	int r = fill(fd, data, owner);
	if (r == 0 && rename(tmp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(tmp);
		return because(why, r, "%s: %s", path, strerror(-r));
	}
	r = sync_dir_of(path);
	if (r < 0)
		return because(why, r, "%s: %s", path, strerror(-r));
	return 0;
}

/* Makes each folder on the way, from the top. */
static int make_parents(char *path, mode_t mode)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		int r = mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
		*at = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

int dir_make(const char *path, mode_t mode, struct buf *why)
{
	AUTO_FREE char *copy = xstrdup(path);
	struct stat st;
	int r = path[0] ? make_parents(copy, mode) : -EINVAL;

	if (r == 0 && mkdir(path, mode) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0 && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		r = -ENOTDIR;
	if (r < 0)
		return because(why, r, "%s: %s", path, strerror(-r));
	return 0;
}

int dir_make_for(const char *path, mode_t mode, struct buf *why)
{
	AUTO_FREE char *dir = slice_dup(path_folder(path));

	return dir_make(dir, mode, why);
}

/*
 * Nothing below a mount point goes. Only folders tell one: on overlayfs a file
 * has another device number than the folder that it is in.
 */
void dir_remove(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	char *const paths[] = { copy, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);

	for (FTSENT *e; fts && (e = fts_read(fts));)
		if (e->fts_info != FTS_D) {
			int ignored = remove(e->fts_accpath);
			(void)ignored;
		}
	if (fts)
		fts_close(fts);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool file_has_text(const char *path, const char *text)
{
	AUTO_BUF struct buf there = BUF_INIT(TEXT_MAX_BYTES);

	return file_read(path, &there, NULL) == 0 &&
		memmem(buf_str(&there), there.len, text, strlen(text));
}
