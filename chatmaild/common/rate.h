/*
 * rate.h - how much one sender may send: at most `per_minute` messages in
 * any window of 60 s, and, with a burst size, no more at once than a
 * bucket of that size holds, which refills evenly over the minute (GCRA).
 * A message to many counts as several: one for each RATE_RECIPIENTS that it
 * has or begins, but never more than a sender may send at all.
 *
 * Time is passed in, in microseconds of a clock that never goes back.
 * What is remembered is the moments of the messages of the last minute,
 * so memory follows what was really accepted; senders who have been
 * silent for a minute are forgotten. No more than RATE_SENDERS_MAX are
 * held: beyond, the one silent for longest is forgotten early.
 */
#ifndef CHATMAILD_COMMON_RATE_H
#define CHATMAILD_COMMON_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"
#include "lib/util.h"

enum {
	RATE_SENDERS_MAX = 100000,
	/* Of one message: a large group is written to at the same price. */
	RATE_RECIPIENTS = 50,
};

struct rate_limits {
	uint64_t per_minute;
	uint64_t burst; /* 0: no bucket */
};

struct rate;

struct rate *rate_new(const struct rate_limits *limits);
void rate_free(struct rate *rate); /* accepts NULL */

/* A message to so many would be accepted now; counts nothing. */
bool rate_has_room(struct rate *rate, struct slice sender,
	unsigned n_recipients, uint64_t now);
/* Accepts one message and counts it; false, uncounted, when over. */
bool rate_take(struct rate *rate, struct slice sender, unsigned n_recipients,
	uint64_t now) MUST_CHECK;

/* How many senders are remembered. */
size_t rate_n_senders(const struct rate *rate);

#endif
