/*
 * migrate.h - a relay moves from one server to another while it works. It is
 * called from a third machine, over which all that is copied passes.
 *
 * How far a move has come is written on the two servers (migrate.sh), and
 * which servers these are in a file beside the settings. So a move that was
 * cut at any moment is completed by the next call.
 */
#ifndef CMDEPLOY_MOVING_MIGRATE_H
#define CMDEPLOY_MOVING_MIGRATE_H

#include "cmdeploy/moving/move.h"

/*
 * Both tell the person at the terminal what is done. Negative with `why`;
 * -EINTR: told to stop; an exit status when that has been said already.
 */
int migrate_run(const struct move_options *options, struct buf *why) MUST_CHECK;
/* Ends a move: the old server forwards nothing more, and is wiped. */
int migrate_finish(
	const struct move_options *options, struct buf *why) MUST_CHECK;

#endif
