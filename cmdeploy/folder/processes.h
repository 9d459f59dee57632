/*
 * processes.h - the processes of a relay in a folder: started under runit,
 * watched, and ended to the last one.
 */
#ifndef CMDEPLOY_FOLDER_PROCESSES_H
#define CMDEPLOY_FOLDER_PROCESSES_H

#include "lib/buf.h"

/*
 * signals_hold(), and from here on every orphan below this process comes
 * back to it.
 */
void processes_prepare(void);

/*
 * Starts runsvdir(8), which starts a runsv(8) for each service below
 * DIR/service, and watches it (signals_watch).
 */
int processes_start(const char *dir, struct buf *why) MUST_CHECK;

/* Until told to stop (0), or until runsvdir ends by itself (-EIO). */
int processes_watch(struct buf *why) MUST_CHECK;

/* Ends every process below this one within 5 seconds. */
void processes_stop(void);

#endif
