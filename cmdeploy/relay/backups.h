/*
 * backups.h - notes about a relay's backups: the last one that was made, and
 * a restore that has begun.
 */
#ifndef CMDEPLOY_RELAY_BACKUPS_H
#define CMDEPLOY_RELAY_BACKUPS_H

#include <time.h>

#include "cmdeploy/relay/relay.h"

/* Notes that a backup has just been made. */
int backups_note(const struct relay *relay, const char *target,
	struct buf *why) MUST_CHECK;
/* When the last one was made, and appends where it is; 0: there is none. */
time_t backups_last(const struct relay *relay, struct buf *target);

/* A folder in own_state_dir; is there until all accounts are back. */
#define BACKUPS_RESTORING "restoring"

/*
 * -EBUSY while accounts are coming back: with mail switched on, others could
 * make accounts that are not back yet.
 */
int backups_check(const struct relay *relay, struct buf *why) MUST_CHECK;

#endif
