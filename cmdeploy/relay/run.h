/*
 * run.h - the processes of a relay: started under runit, watched, and
 * ended to the last one.
 */
#ifndef CMDEPLOY_RELAY_RUN_H
#define CMDEPLOY_RELAY_RUN_H

#include "cmdeploy/relay/relay.h"

/*
 * From here on SIGINT, SIGTERM and SIGHUP are noted, not died of, and
 * every orphan below this process comes back to it.
 */
void run_prepare(void);

/* One of them has come; it stays noted for run_next_event(). */
bool run_is_told_to_stop(void);

/* Starts runsvdir(8), which starts a runsv(8) for each service. */
int run_start(const struct relay *relay, struct buf *why) MUST_CHECK;

enum run_event {
	RUN_NOTHING,
	RUN_TOLD_TO_STOP,
	RUN_LOST, /* runsvdir has ended by itself */
};

/* What happens next, within that time; negative: whenever it does. */
enum run_event run_next_event(int msec);

/* Until told to stop (0), or until runsvdir ends by itself (-EIO). */
int run_watch(struct buf *why) MUST_CHECK;

/* Ends every process below this one within 5 seconds. */
void run_stop(void);

#endif
