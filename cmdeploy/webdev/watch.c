#include "cmdeploy/webdev/watch.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

enum {
	/* An editor does several things to save one file. */
	SETTLE_USEC = 15 * 1000,
	EVENTS_BYTES = 65536,
	CHANGES = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
		IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF,
};

struct watch {
	sd_event *event;
	sd_event_source *source, *timer;
	int fd;
	watch_fn fn;
	void *owner;
};

static int on_settled(
	sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct watch *watch = owner;

	watch->fn(watch->owner);
	return 0;
}

/* What it was does not matter: it is read anew. */
static int on_events(sd_event_source *source UNUSED, int fd,
	uint32_t revents UNUSED, void *owner)
{
	struct watch *watch = owner;
	char events[EVENTS_BYTES];

	while (read(fd, events, sizeof(events)) > 0)
		;
	sd_event_source_set_time_relative(watch->timer, SETTLE_USEC);
	sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
	return 0;
}

static int start(struct watch *watch)
{
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return -errno;
	int r = sd_event_add_io(watch->event, &watch->source, watch->fd,
		EPOLLIN, on_events, watch);
	if (r >= 0)
		r = sd_event_add_time(watch->event, &watch->timer,
			CLOCK_MONOTONIC, 0, 1, on_settled, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

int watch_new(sd_event *event, watch_fn fn, void *owner,
	struct watch **ret_watch, struct buf *why)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	*watch = (struct watch){ event, NULL, NULL, -1, fn, owner };
	int r = start(watch);
	if (r < 0) {
		watch_free(watch);
		return because(why, r, "cannot watch files: %s", strerror(-r));
	}
	*ret_watch = watch;
	return 0;
}

static int add(struct watch *watch, const char *dir, struct buf *why)
{
	if (inotify_add_watch(watch->fd, dir, CHANGES) >= 0 || errno == ENOENT)
		return 0;
	return because(why, -errno, "%s cannot be watched: %s", dir,
		errno == ENOSPC ? "too many files are watched on this machine "
				  "(fs.inotify.max_user_watches)"
				: strerror(errno));
}

static int add_above(struct watch *watch, const char *path, struct buf *why)
{
	struct slice above, name;
	AUTO_FREE char *dir = slice_cut_last(slice_of(path), '/', &above, &name)
		? slice_dup(above)
		: xstrdup(".");

	return add(watch, dir[0] ? dir : "/", why);
}

int watch_file(struct watch *watch, const char *path, struct buf *why)
{
	return add_above(watch, path, why);
}

int watch_below(struct watch *watch, const char *dir, struct buf *why)
{
	char *const paths[] = { (char *)dir, NULL };
	int r = add_above(watch, dir, why);
	FTS *tree = r == 0
		? fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR,
			  NULL)
		: NULL;

	for (FTSENT *e; r == 0 && tree && (e = fts_read(tree));)
		if (e->fts_info == FTS_D)
			r = add(watch, e->fts_path, why);
	if (tree)
		fts_close(tree);
	return r;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	sd_event_source_unref(watch->source);
	sd_event_source_unref(watch->timer);
	fd_close(&watch->fd);
	free(watch);
}
