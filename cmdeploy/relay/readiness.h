/*
 * readiness.h - until a relay answers.
 */
#ifndef CMDEPLOY_RELAY_READINESS_H
#define CMDEPLOY_RELAY_READINESS_H

#include "cmdeploy/relay/relay.h"

/*
 * Waits until every port answers. -EIO when a service keeps dying or a
 * port stays silent: `why` names it and shows the end of its log. -EINTR
 * when told to stop meanwhile.
 */
int readiness_wait(const struct relay *relay, struct buf *why) MUST_CHECK;

#endif
