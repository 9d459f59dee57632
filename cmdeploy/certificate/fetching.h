/*
 * fetching.h - a certificate on its way, in a process of its own: the
 * authority takes its time, and there is enough to do meanwhile.
 */
#ifndef CMDEPLOY_CERTIFICATE_FETCHING_H
#define CMDEPLOY_CERTIFICATE_FETCHING_H

#include "cmdeploy/relay/relay.h"
#include "lib/child.h"

struct fetching {
	struct child_task task; /* its pid is 0: none is under way */
};

/* Begins certificate_fetch(). */
int fetching_begin(const struct relay *relay, struct fetching *ret_fetching,
	struct buf *why) MUST_CHECK;

/* Waits for what certificate_fetch() returns; -EINTR: told to stop. */
int fetching_end(struct fetching *fetching, struct buf *why) MUST_CHECK;

/* Ends it, if one is under way. */
void fetching_drop(struct fetching *fetching);

#endif
