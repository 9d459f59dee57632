/*
 * folder.h - a relay in a folder of its own, as "cmdeploy up" runs it.
 */
#ifndef CMDEPLOY_FOLDER_FOLDER_H
#define CMDEPLOY_FOLDER_FOLDER_H

#include "cmdeploy/relay/relay.h"

/*
 * Finds out all about the relay in `dir`, and writes nothing; to be
 * released by relay_release(). `address` is what the
 * operator named, or NULL: then the one of last time, the one that the
 * settings name, or net_default_address().
 */
int folder_open(const char *dir, const char *address, struct relay *ret_relay,
	struct buf *why) MUST_CHECK;
/* The same for a relay that must be there already. */
int folder_open_existing(
	const char *dir, struct relay *ret_relay, struct buf *why) MUST_CHECK;

/* Notes the address for the next time. */
int folder_keep_address(const struct relay *relay, struct buf *why) MUST_CHECK;

/* DIR/suffix; the caller frees. */
char *folder_path(const struct relay *relay, const char *suffix);
/*
 * Of its lock: the process that runs the relay, 0 when none does,
 * negative when that cannot be told.
 */
pid_t folder_runner(const struct relay *relay);
/*
 * Takes the lock for this process until it ends. -EBUSY when another
 * has it.
 */
int folder_lock(const struct relay *relay, struct buf *why) MUST_CHECK;
/*
 * One process at a time changes files and services: waits for its turn,
 * which ends when *ret_fd is closed.
 */
int folder_lock_changes(
	const struct relay *relay, int *ret_fd, struct buf *why) MUST_CHECK;

#endif
