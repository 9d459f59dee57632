/*
 * run.h - the processes of a relay: started under runit, watched until
 * all ports answer, and ended to the last one.
 */
#ifndef CMDEPLOY_RELAY_RUN_H
#define CMDEPLOY_RELAY_RUN_H

#include "cmdeploy/apply/services.h"
#include "cmdeploy/relay/relay.h"

/*
 * From here on SIGINT, SIGTERM and SIGHUP are noted, not died of, and
 * every orphan below this process comes back to it.
 */
void run_prepare(void);

/* Starts runsvdir(8), which starts a runsv(8) for each service. */
int run_start(const struct relay *relay, struct buf *why) MUST_CHECK;

/*
 * Waits until every port answers. -EIO when a service keeps dying or a
 * port stays silent: `why` names it and shows the end of its log. -EINTR
 * when told to stop meanwhile.
 */
int run_wait_ready(const struct relay *relay, struct buf *why) MUST_CHECK;

/* Until told to stop (0), or until runsvdir ends by itself (-EIO). */
int run_watch(struct buf *why) MUST_CHECK;

/* Ends every process below this one within 5 seconds. */
void run_stop(void);

/*
 * Restarts or reloads, in a relay that runs, what needs it, and ends
 * services that the relay has no more. Appends to *out what was done:
 * "restarted doveauth, lastlogin; reloaded nginx".
 */
int run_update(const struct relay *relay, const struct service_states *states,
	struct buf *out, struct buf *why) MUST_CHECK;

/* Deletes the folders of services that the relay has no more. */
void run_forget_others(
	const struct relay *relay, const struct service_states *states);

#endif
