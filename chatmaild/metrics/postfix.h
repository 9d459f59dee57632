/*
 * postfix.h - how many messages are in Postfix's queues, as its showq(8)
 * tells on the socket public/showq below the queue folder, which the group
 * postdrop may use: attributes, name and value each with a NUL behind it;
 * an empty name ends a record.
 */
#ifndef CHATMAILD_METRICS_POSTFIX_H
#define CHATMAILD_METRICS_POSTFIX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

enum {
	POSTFIX_QUEUES_N = 4,
};

extern const char *const postfix_queues[POSTFIX_QUEUES_N];

/* Counts what comes in, in pieces of any size. */
struct showq {
	uint64_t n[POSTFIX_QUEUES_N];
	struct buf word; /* what is not ended yet */
	bool is_value;
	bool is_queue; /* the value to come is a queue's name */
};

void showq_init(struct showq *showq);
void showq_feed(struct showq *showq, struct slice piece);
void showq_release(struct showq *showq);

int postfix_count(const char *queue_dir, uint64_t ret_n[POSTFIX_QUEUES_N],
	struct buf *why) MUST_CHECK;

#endif
