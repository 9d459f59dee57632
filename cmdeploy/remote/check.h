/*
 * check.h - what must be so on a host before anything is brought there.
 * The cmdeploy of the host looks again, more closely, before it begins.
 */
#ifndef CMDEPLOY_REMOTE_CHECK_H
#define CMDEPLOY_REMOTE_CHECK_H

#include "chatmaild/common/config.h"
#include "cmdeploy/host/host.h"

/* By its facts (cmdeploy/host/facts.sh): the first thing that is wrong. */
int remote_check(const struct host *host, const struct config *config,
	struct buf *why) MUST_CHECK;

/* It is that domain's relay already. */
bool remote_is_relay(const struct host *host, const struct config *config);

/* A fact that is a number; 0 when it is not known. */
uint64_t remote_number(const struct host *host, const char *name);

#endif
