/* A mount namespace in which the way to a folder is open. */
#include "cmdeploy/folder/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/child.h"
#include "lib/file.h"

char *namespace_barrier(const char *dir)
{
	AUTO_FREE char *path = xstrdup(dir);
	struct stat st;

	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (stat(path, &st) == 0 && !(st.st_mode & S_IXOTH))
			return TAKE(path);
		*at = '/';
	}
	return NULL;
}

static int refuse(struct buf *why, const char *what)
{
	return because(why, -errno, "%s: %s", what, strerror(errno));
}

int namespace_enter(const char *dir, const char *barrier, struct buf *why)
{
	if (unshare(CLONE_NEWNS) < 0)
		return refuse(why, "unshare");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return refuse(why, "mount /");
	/* Only now: a folder of the old space cannot be bound in the new. */
	AUTO_CLOSE int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(why, dir);
	AUTO_FREE char *source = xasprintf("/proc/self/fd/%d", fd);
	if (mount("tmpfs", barrier, "tmpfs", MS_NOSUID | MS_NODEV,
		    "mode=0755,size=1m") < 0)
		return refuse(why, barrier);
	int r = dir_make(dir, 0755, why);
	if (r < 0)
		return r;
	if (mount(source, dir, NULL, MS_BIND | MS_REC, NULL) < 0)
		return refuse(why, dir);
	return 0;
}

struct way {
	const char *dir;
	const char *barrier;
};

static int enter(void *owner, struct buf *why)
{
	const struct way *way = owner;

	return namespace_enter(way->dir, way->barrier, why);
}

int namespace_try(const char *dir, const char *barrier, struct buf *why)
{
	struct way way = { dir, barrier };
	struct child_task task;
	int r = child_task_begin(enter, &way, &task, why);

	return r < 0 ? r : child_task_end(&task, why);
}
