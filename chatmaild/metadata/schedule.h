/*
 * schedule.h - what is due when: a heap by time, of entries as small as
 * they can be, for hundreds of thousands may wait for a server.
 *
 * Entries that are due at the same time come in the order of coming.
 * Time is passed in, in microseconds of any clock that never goes back.
 */
#ifndef CHATMAILD_METADATA_SCHEDULE_H
#define CHATMAILD_METADATA_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "chatmaild/metadata/pending.h"
#include "lib/slice.h"
#include "lib/util.h"

struct due {
	uint64_t at;
	struct pending_key key;
	/* What the owner keeps beside the file; NULL once it is taken. */
	void *held;
	uint32_t order;
	uint8_t n_attempts;
	bool was_lost; /* by the end of a connection, once */
	char id[];     /* of the queue's file */
};

struct schedule {
	struct due **heap;
	size_t n, cap;
	uint32_t order;
};

struct due *due_new(struct slice id);

void schedule_release(struct schedule *schedule);
/* Takes `due`, which is to come up at `at`. */
void schedule_add(struct schedule *schedule, struct due *due, uint64_t at);
/* The next one, or NULL; it stays. */
const struct due *schedule_first(const struct schedule *schedule);
/* Hands over the next one; the caller frees. There must be one. */
struct due *schedule_pop(struct schedule *schedule);

#endif
