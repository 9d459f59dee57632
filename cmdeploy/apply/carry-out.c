/* A plan becomes true: plan_carry_out(). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmdeploy/apply/plan.h"

enum {
	DATED_BACK_SEC = 5,
};

/* Whoever is not root (or us) cannot put another thing there. */
static bool is_guarded(int folder)
{
	struct stat st;

	return fstat(folder, &st) == 0 &&
		(st.st_uid == 0 || st.st_uid == geteuid()) &&
		!(st.st_mode & (S_IWGRP | S_IWOTH));
}

/*
 * One step of a path, made when `is_made` and absent. A link is followed
 * in a guarded folder only: services own some of the folders below, and
 * must not make root change what a link of theirs names.
 */
static int step(int folder, const char *name, int flags, bool is_made)
{
	if (is_made && mkdirat(folder, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR) &&
		is_guarded(folder))
		fd = openat(folder, name, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The folder that `path` is in, with those above it; *ret_name is in it. */
static int open_folder_of(
	const char *path, int *ret_folder, struct slice *ret_name)
{
	AUTO_CLOSE int folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct slice rest = slice_from(slice_of(path), 1), name;

	while (folder >= 0 && slice_cut(rest, '/', &name, &rest)) {
		AUTO_FREE char *text = slice_dup(name);
		if (name.len == 0)
			continue;
		int next = step(folder, text, O_PATH | O_DIRECTORY, true);
		if (next < 0)
			return next;
		fd_close(&folder);
		folder = next;
	}
	if (folder < 0)
		return -errno;
	*ret_folder = folder;
	*ret_name = rest;
	folder = -1;
	return 0;
}

static int own(const char *path, const struct file_owner *owner, bool is_folder,
	bool is_made)
{
	AUTO_CLOSE int folder = -1, fd = -1;
	struct slice name;
	int r = open_folder_of(path, &folder, &name);

	if (r < 0)
		return r;
	AUTO_FREE char *text = slice_dup(name);
	fd = step(folder, text,
		O_RDONLY | O_NONBLOCK | (is_folder ? O_DIRECTORY : 0), is_made);
	if (fd < 0)
		return fd;
	/* chown(2) clears set-id bits, so the mode comes second. */
	if (fchown(fd, owner->uid, owner->gid) < 0 ||
		fchmod(fd, owner->mode) < 0)
		return -errno;
	return 0;
}

static int set_owner(const char *path, const struct file_owner *owner,
	bool is_folder, bool is_made, struct buf *why)
{
	int r = own(path, owner, is_folder, is_made);

	if (r == -ELOOP || r == -ENOTDIR)
		return because(why, r,
			"%s: a folder must stand here and on the way, not a "
			"link of somebody else's; move it away",
			path);
	if (r < 0)
		return because(why, r, "%s: cannot set its owner: %s", path,
			strerror(-r));
	return 0;
}

static int folder_carry_out(const struct plan_folder *f, struct buf *why)
{
	if (f->change == CHANGE_NONE)
		return 0;
	return set_owner(
		f->path, &f->owner, true, f->change == CHANGE_NEW, why);
}

/* Of drop-ins and the like, which have a folder each. */
static int make_folder_of(const char *path, struct buf *why)
{
	AUTO_CLOSE int folder = -1;
	struct slice name;
	int r = open_folder_of(path, &folder, &name);

	if (r < 0)
		return because(why, r, "%s: cannot make its folder: %s", path,
			strerror(-r));
	return 0;
}

static int file_remove(const char *path, struct buf *why)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return because(why, -errno, "%s: cannot be removed: %s", path,
			strerror(errno));
	return 0;
}

static int date_back(const char *path, struct buf *why)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = time(NULL) - DATED_BACK_SEC } };

	if (utimensat(AT_FDCWD, path, times, 0) < 0)
		return because(why, -errno, "%s: cannot be dated back: %s",
			path, strerror(errno));
	return 0;
}

static int file_carry_out(
	const struct apply *apply, struct plan_file *f, struct buf *why)
{
	if (f->change == CHANGE_NONE)
		return 0;
	if (f->change == CHANGE_OWNER)
		return set_owner(f->path, &f->owner, false, false, why);
	if (f->change == CHANGE_GONE)
		return file_remove(f->path, why);
	if (f->decl->create) {
		buf_reset(&f->content);
		int r = f->decl->create(apply, &f->content, why);
		if (r < 0)
			return r;
	}
	/* Drop-ins and the like have a folder each. */
	int r = make_folder_of(f->path, why);
	if (r == 0)
		r = file_write(f->path, buf_slice(&f->content), f->owner, why);
	if (r == 0 && f->decl->is_dated_back)
		r = date_back(f->path, why);
	return r;
}

int plan_carry_out(
	const struct apply *apply, struct plan *plan, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_folders; i++)
		r = folder_carry_out(&plan->folders[i], why);
	for (size_t i = 0; r == 0 && i < plan->n_files; i++)
		r = file_carry_out(apply, &plan->files[i], why);
	return r;
}
