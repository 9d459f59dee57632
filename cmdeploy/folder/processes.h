/*
 * processes.h - the processes of a relay that has no systemd: started under
 * runit, watched, and ended to the last one.
 */
#ifndef CMDEPLOY_FOLDER_PROCESSES_H
#define CMDEPLOY_FOLDER_PROCESSES_H

#include "cmdeploy/relay/relay.h"

/*
 * signals_hold(), and from here on every orphan below this process comes
 * back to it.
 */
void processes_prepare(void);

/*
 * Starts runsvdir(8), which starts a runsv(8) for each service in the
 * relay's service_dir, and watches it (signals_watch).
 */
int processes_start(const struct relay *relay, struct buf *why) MUST_CHECK;

/* Until told to stop (0), or until runsvdir ends by itself (-EIO). */
int processes_watch(struct buf *why) MUST_CHECK;

/* Ends every process below this one within 5 seconds. */
void processes_stop(void);

#endif
