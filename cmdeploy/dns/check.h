/*
 * check.h - asks for the records of a relay and compares them.
 */
#ifndef CMDEPLOY_DNS_CHECK_H
#define CMDEPLOY_DNS_CHECK_H

#include "cmdeploy/dns/compare.h"
#include "cmdeploy/dns/walk.h"
#include "cmdeploy/host/host.h"

struct dns_finding {
	struct dns_record record;
	enum dns_verdict verdict;
	bool is_grave; /* mail, web or certificates suffer from it */
	char *found;   /* what is published, as in a zone; "" for nothing */
	char *note;    /* "", or a clause: what is wrong, what to know */
};

struct dns_report {
	struct dns_finding *v; /* in the order of dns_records_make() */
	size_t n;
	size_t n_grave, n_other; /* that are not right */
	size_t n_unknown;        /* of those: that nobody answered for */
	char *source; /* who was asked: "ns.example.org (192.0.2.1), which ..."
		       */
	/* Lines about servers that are behind others, or silent; or "". */
	char *servers;
};

/*
 * Where to ask: from the servers that $CMDEPLOY_DNS_ROOT names down
 * (walk_new), or from the root servers, or, when these cannot be reached
 * from here, the resolvers of this machine.
 */
int dns_open(struct walk **ret_walk, struct buf *why) MUST_CHECK;

/* All records; or with `is_way_only` those by which the host is found. */
void dns_check(struct walk *walk, const struct config *config,
	const struct dns_facts *facts, bool is_way_only,
	struct dns_report *ret_report);
/* Negative when nobody answered anything: `why` tells who was asked. */
int dns_report_failure(
	const struct dns_report *report, struct buf *why) MUST_CHECK;
void dns_report_release(struct dns_report *report);

/*
 * Does `label`, an alias below the relay's domain, lead to the host, as the
 * domain itself does? 1 yes; 0 no, or there is no such alias; negative: nobody
 * could be asked.
 */
int dns_alias_leads(const struct host *host, const struct config *config,
	const char *label, struct buf *why) MUST_CHECK;

/*
 * Before a relay is set up on the host: do the addresses of its domain, of
 * mta-sts and of www lead there? 1 yes, and always for a relay whose domain
 * is an IP address; 0 no: *out has what is wrong, and lines to copy;
 * negative: nobody could be asked.
 */
int dns_check_run(const struct host *host, const struct config *config,
	struct buf *out, struct buf *why) MUST_CHECK;

#endif
