/*
 * ssh-reason.h - what ssh(1) and sudo(8) say when they fail, put into
 * words that tell an operator what to do next.
 */
#ifndef CMDEPLOY_HOST_SSH_REASON_H
#define CMDEPLOY_HOST_SSH_REASON_H

#include <stdbool.h>

#include "cmdeploy/host/ssh-target.h"

/*
 * Sets `why` from what was said on standard error, and returns the
 * errno that fits, negative: -EKEYREJECTED, and only that, when a person
 * at a terminal could answer what ssh would like to ask.
 */
int ssh_reason(const struct ssh_target *target, struct slice said,
	struct buf *why) MUST_CHECK;

#endif
