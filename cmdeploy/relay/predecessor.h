/*
 * predecessor.h - the services of the chatmail software in Python, on a
 * server that was set up with it. Users' data, keys and certificates are
 * in the same places and stay; its services make room for ours.
 */
#ifndef CMDEPLOY_RELAY_PREDECESSOR_H
#define CMDEPLOY_RELAY_PREDECESSOR_H

#include "cmdeploy/relay/relay.h"

bool predecessor_is_there(void);

/*
 * Ends its services and removes their units, save those that ours have
 * replaced. Appends to *out what was done: "stopped filtermail".
 */
int predecessor_retire(
	const struct relay *relay, struct buf *out, struct buf *why) MUST_CHECK;

#endif
