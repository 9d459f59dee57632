/*
 * queue.h - notifications that are due, one file each, in
 * <mailboxes_dir>/pending_notifications/<id>: the address, the time at
 * which the notification began (unix time), and the token, each after
 * the other's line feed. A file is written as <id>.tmp and renamed.
 *
 * Nothing is synced: the files outlive the process, not a power failure,
 * after which apps find their mail at their next connection anyway.
 */
#ifndef CHATMAILD_METADATA_QUEUE_H
#define CHATMAILD_METADATA_QUEUE_H

#include <dirent.h>
#include <stdint.h>
#include <time.h>

#include "lib/buf.h"

enum {
	/* A longer file is none of ours. */
	QUEUE_FILE_MAX_BYTES = 8192,
	QUEUE_ID_BYTES = 16,
};

struct queue {
	int fd; /* of the folder, locked */
};

/*
 * Makes the folder when it is not there. -EBUSY while another process
 * works on it.
 */
int queue_open(const char *mailboxes_dir, struct queue *ret_queue,
	struct buf *why) MUST_CHECK;
void queue_close(struct queue *queue);

/* A new file; `ret_id` takes QUEUE_ID_BYTES and a NUL. */
int queue_add(const struct queue *queue, struct slice address, time_t began,
	struct slice token, char *ret_id, struct buf *why) MUST_CHECK;

struct notification {
	struct buf text;
	struct slice address; /* into `text` */
	struct slice token;
	time_t began;
};

/* -EINVAL: it is not a notification; -ENOENT: it is gone. */
int queue_read(const struct queue *queue, const char *id,
	struct notification *ret_notification) MUST_CHECK;
int notification_parse(
	struct slice text, struct notification *ret_notification) MUST_CHECK;
void notification_release(struct notification *notification);

void queue_remove(const struct queue *queue, const char *id);
/* Out of the way, as <id>.broken, for a person to look at. */
void queue_put_aside(const struct queue *queue, const char *id);

/*
 * The next file of a scan: 1 and its name until the next call, or 0 at
 * the end. What was never finished (.tmp) is removed on the way.
 */
int queue_scan_open(const struct queue *queue, DIR **ret_dir) MUST_CHECK;
int queue_scan_next(
	const struct queue *queue, DIR *dir, const char **ret_id) MUST_CHECK;

#endif
