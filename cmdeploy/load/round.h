/*
 * round.h - one rate for some seconds: when each message is due, what the
 * relay's processes use meanwhile, and the end, when all has come or nothing
 * moves any more.
 */
#ifndef CMDEPLOY_LOAD_ROUND_H
#define CMDEPLOY_LOAD_ROUND_H

#include "cmdeploy/load/crowd.h"
#include "cmdeploy/usage/usage.h"

enum {
	ROUND_SLOW_MSEC = 1000, /* of the 99th percentile, to EXISTS */
};

struct round {
	double rate; /* messages a second */
	double sec;  /* until the last one was sent */
	struct ledger_sum sum;
	char *stopped; /* why it ended too early, or NULL */
	char *refusal; /* what the relay said first, or NULL */
	struct usage_program programs[USAGE_PROGRAMS_MAX];
	size_t n_programs; /* 0: its processes cannot be seen */
};

/* `rate` is set; the rest is what comes out. `usage` may be NULL. */
void round_run(struct round *round, struct crowd *crowd, uint64_t n_sec,
	struct usage *usage);
/* Accepts a zeroed one. */
void round_release(struct round *round);

/*
 * The round was not too much: all was accepted, came once, and was told of in
 * time.
 */
bool round_holds(struct round *round);
/* All that was sent came, once, whatever time it took. */
bool round_is_whole(const struct round *round);

#endif
