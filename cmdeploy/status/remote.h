/*
 * remote.h - the status of a relay on another machine: its own cmdeploy
 * tells it.
 */
#ifndef CMDEPLOY_STATUS_REMOTE_H
#define CMDEPLOY_STATUS_REMOTE_H

#include <stdbool.h>

#include "lib/buf.h"

/* The exit status of `cmdeploy status` there; negative: it did not run. */
int status_remote(
	const char *ssh_host, bool is_json, struct buf *why) MUST_CHECK;

#endif
