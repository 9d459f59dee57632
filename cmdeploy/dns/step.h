/*
 * step.h - the DNS records of a domain as a step of `cmdeploy run`.
 */
#ifndef CMDEPLOY_DNS_STEP_H
#define CMDEPLOY_DNS_STEP_H

#include "chatmaild/common/config.h"
#include "cmdeploy/host/host.h"

/*
 * Before anything is touched: refuses (-EINVAL) when the records do not lead
 * to the host; `why` has the lines to copy. That nobody can be asked is said
 * and stops nothing: a relay can be upgraded while its name servers are ill.
 */
int dns_step(const struct host *host, const struct config *config,
	struct buf *why) MUST_CHECK;

#endif
