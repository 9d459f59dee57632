/*
 * ready.h - until a relay answers.
 */
#ifndef CMDEPLOY_RELAY_READY_H
#define CMDEPLOY_RELAY_READY_H

#include "cmdeploy/relay/relay.h"

/*
 * Waits until every port answers. -EIO when a service keeps dying or a
 * port stays silent: `why` names it and shows the end of its log. -EINTR
 * when told to stop meanwhile.
 */
int ready_wait(const struct relay *relay, struct buf *why) MUST_CHECK;

#endif
