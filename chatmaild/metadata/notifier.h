/*
 * notifier.h - posts tokens to the notification server until it has
 * taken them.
 *
 * Each notification is a file of the queue (queue.h) before it is sent,
 * and until it is done: answered with 2xx; or with 410, when the token is
 * gone; or older than five hours. Anything else is tried again after 8,
 * 64, 512, 4096 seconds, and not before a Retry-After says.
 *
 * What may wait, waits on disk; memory holds a name and a time. At most
 * half of the requests under way are repetitions, so that new ones always
 * go out. A user whose requests hang gets no more of them. While no
 * connection can be made, or the server says 429 or 503 to all, one
 * request at a time asks whether it is back, every 8 seconds at most, or
 * when Retry-After says, if within a minute.
 */
#ifndef CHATMAILD_METADATA_NOTIFIER_H
#define CHATMAILD_METADATA_NOTIFIER_H

#include <systemd/sd-event.h>

#include "chatmaild/common/counters.h"
#include "lib/buf.h"

struct notifier;

/* What is counted, in the order of the names in main.c. */
enum notifier_counter {
	COUNT_SENT,
	COUNT_GONE,    /* the token is not known any more */
	COUNT_DROPPED, /* given up */
	COUNT_RETRIED,
};

enum {
	/* Of one request. */
	NOTIFY_TIMEOUT_SEC = 10,
	NOTIFY_GIVE_UP_SEC = 5 * 3600,
	/* Waiting in the queue, a file each; beyond, new ones are dropped. */
	NOTIFICATIONS_MAX = 50000,
};

/* Seconds to wait after the n-th failure, from 1. */
unsigned notifier_delay_sec(unsigned n_attempts);

/* The server says that there is no such token any more. */
typedef void (*notifier_gone_fn)(
	struct slice address, struct slice token, void *owner);

/* Takes up what is on disk. Posts to `url`. */
int notifier_new(sd_event *event, const char *mailboxes_dir, const char *url,
	notifier_gone_fn gone, void *owner, struct notifier **ret_notifier,
	struct buf *why) MUST_CHECK;
/* Counts what becomes of notifications. */
void notifier_count(struct notifier *notifier, struct counters *counters);
/* What is under way stays on disk. Accepts NULL. */
void notifier_free(struct notifier *notifier);

/*
 * 0 once the notification is on disk; or stands for one that waits already,
 * or has no room (pending.h, NOTIFICATIONS_MAX), which is counted.
 */
int notifier_add(struct notifier *notifier, struct slice address,
	struct slice token, struct buf *why) MUST_CHECK;

#endif
