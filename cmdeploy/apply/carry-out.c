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

static int set_owner(
	const char *path, const struct file_owner *owner, struct buf *why)
{
	/* chown(2) clears set-id bits, so the mode comes second. */
	if (lchown(path, owner->uid, owner->gid) < 0 ||
		chmod(path, owner->mode) < 0)
		return because(why, -errno, "%s: cannot set its owner: %s",
			path, strerror(errno));
	return 0;
}

static int folder_carry_out(const struct plan_folder *f, struct buf *why)
{
	if (f->change == CHANGE_NONE)
		return 0;
	if (f->change == CHANGE_NEW) {
		int r = dir_make(f->path, 0755, why);
		if (r < 0)
			return r;
	}
	return set_owner(f->path, &f->owner, why);
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
		return set_owner(f->path, &f->owner, why);
	if (f->change == CHANGE_GONE)
		return file_remove(f->path, why);
	if (f->decl->create) {
		buf_reset(&f->content);
		int r = f->decl->create(apply, &f->content, why);
		if (r < 0)
			return r;
	}
	/* Drop-ins and the like have a folder each. */
	int r = dir_make_for(f->path, 0755, why);
	if (r == 0)
		r = host_put(apply->host, f->path, buf_slice(&f->content),
			f->owner, why);
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
