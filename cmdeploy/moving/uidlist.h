/*
 * uidlist.h - Dovecot's file dovecot-uidlist, version 3: a line
 * "3 V<UIDVALIDITY> N<next UID> G<GUID>", then a line for each message. Pure.
 *
 * An app fetches what has a UID from its own UIDNEXT on. When a mailbox comes
 * back as it was some time ago, its next messages would get UIDs that the app
 * has had already, and be skipped. So the next UID is raised far beyond.
 */
#ifndef CMDEPLOY_MOVING_UIDLIST_H
#define CMDEPLOY_MOVING_UIDLIST_H

#include "lib/buf.h"

enum {
	UIDLIST_RAISE = 1000000,
};

/*
 * Appends the same list with a next UID that is higher by UIDLIST_RAISE, and
 * without a last line that was cut. -EINVAL: it is not such a list; -ERANGE:
 * there are no such UIDs (they end at 2^32 - 1).
 */
int uidlist_raise(struct slice text, struct buf *out) MUST_CHECK;

#endif
