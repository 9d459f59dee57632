/*
 * moves.h - marks of a relay that moves from one server to another (files in
 * own_state_dir, made by cmdeploy/moving/migrate.sh).
 */
#ifndef CMDEPLOY_RELAY_MOVES_H
#define CMDEPLOY_RELAY_MOVES_H

#include "cmdeploy/relay/relay.h"

/*
 * -EBUSY where mail must not be served: on the old server after the move, and
 * on the new one until all is there.
 */
int moves_check(const struct relay *relay, struct buf *why) MUST_CHECK;

#endif
