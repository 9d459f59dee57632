/*
 * watch.h - tells when files below a folder, or one file elsewhere, have
 * changed (inotify(7)). What comes at the same time is told once.
 */
#ifndef CMDEPLOY_WEBDEV_WATCH_H
#define CMDEPLOY_WEBDEV_WATCH_H

#include <systemd/sd-event.h>

#include "lib/buf.h"

struct watch;

typedef void (*watch_fn)(void *owner);

int watch_new(sd_event *event, watch_fn fn, void *owner,
	struct watch **ret_watch, struct buf *why) MUST_CHECK;
/*
 * The folder and those in it; again after a change, since there may be
 * new ones. What is not there is looked for in the folder above.
 */
int watch_below(
	struct watch *watch, const char *dir, struct buf *why) MUST_CHECK;
/* The file, there or not, by its folder. */
int watch_file(
	struct watch *watch, const char *path, struct buf *why) MUST_CHECK;
void watch_free(struct watch *watch);

#endif
