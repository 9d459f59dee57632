/*
 * snapshot.h - all mailboxes as they are at one moment, made of hard links,
 * while mail goes in and out.
 *
 * Dovecot renames a message when it is first seen and each time its flags
 * change, so whoever lists a mailbox for long may meet a message twice or
 * not at all. Each mailbox is therefore linked within milliseconds, and again
 * when it has changed in that time. What Dovecot can make again is left out:
 * indexes, sizes, locks.
 */
#ifndef CMDEPLOY_MOVING_SNAPSHOT_H
#define CMDEPLOY_MOVING_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct snapshot_counts {
	size_t n_accounts, n_messages;
	size_t n_restless; /* mailboxes that never stood still */
};

/*
 * Makes the folder `to`, which must not be there and be on the same file
 * system as the folder `from` of the accounts. Follows no links. Without
 * `has_mail` it gets no messages, but still the lists of their UIDs. -EINTR
 * when told to stop (signals.h).
 */
int snapshot_make(const char *from, const char *to, bool has_mail,
	struct snapshot_counts *ret_counts, struct buf *why) MUST_CHECK;

#endif
