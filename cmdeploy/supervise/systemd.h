/*
 * systemd.h - what systemctl(1) prints, read.
 */
#ifndef CMDEPLOY_SUPERVISE_SYSTEMD_H
#define CMDEPLOY_SUPERVISE_SYSTEMD_H

#include <stdint.h>

#include "cmdeploy/supervise/supervise.h"

/* The properties that systemd_parse_show() wants, for --property=. */
#define SYSTEMD_PROPERTIES                                                     \
	"Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,MainPID,"     \
	"NRestarts,StateChangeTimestampMonotonic,"                             \
	"ExecMainExitTimestampMonotonic"

/*
 * Fills in n statuses from what `systemctl show` prints of n units: a
 * block of NAME=VALUE lines each, in their order, with an empty line
 * between. `now_usec` is the monotonic clock, `now` that of the calendar.
 * -EBADMSG when there are fewer or more blocks.
 */
int systemd_parse_show(struct slice text, uint64_t now_usec, time_t now,
	size_t n, struct service_status *ret_statuses) MUST_CHECK;

#endif
