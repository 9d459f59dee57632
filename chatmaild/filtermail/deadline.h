/*
 * deadline.h - many deadlines of one and the same length, on one timer.
 *
 * Since all are equally long, the one that was started last is due last:
 * starting and stopping is a change of links, and ten thousand idle
 * connections cost the event loop no more than one.
 */
#ifndef CHATMAILD_FILTERMAIL_DEADLINE_H
#define CHATMAILD_FILTERMAIL_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/util.h"

/* A member of what waits; zeroed before its first use. */
struct deadline {
	struct deadline *prev, *next; /* NULL while it does not run */
	uint64_t due;
};

struct deadlines {
	sd_event *event;
	sd_event_source *timer;
	struct deadline list; /* the head of a ring; the first is due first */
	uint64_t usec;
	bool is_armed;
	/* It has stopped, and may be started again or freed. */
	void (*on_due)(struct deadline *d);
};

/* `all` stays where it is. */
int deadlines_init(struct deadlines *all, sd_event *event, uint64_t usec,
	void (*on_due)(struct deadline *)) MUST_CHECK;
void deadlines_release(struct deadlines *all);

/* Begins, or begins again from now. */
void deadline_start(struct deadlines *all, struct deadline *d);
/* Nothing happens to one that does not run. */
void deadline_stop(struct deadline *d);

#endif
