/*
 * facts.h - what only the host of a relay knows of its DNS records: asked
 * in one go, by a script that needs no program of ours there.
 */
#ifndef CMDEPLOY_DNS_FACTS_H
#define CMDEPLOY_DNS_FACTS_H

#include "cmdeploy/dns/records.h"
#include "cmdeploy/host/host.h"

/*
 * Addresses that the settings name (public_addresses) stand in place of
 * those of the host.
 */
int dns_facts_get(const struct host *host, const struct config *config,
	struct dns_facts *ret_facts, struct buf *why) MUST_CHECK;

/* What the script printed; lines that say nothing are passed over. */
void dns_facts_parse(struct slice text, const struct config *config,
	struct dns_facts *ret_facts);

#endif
