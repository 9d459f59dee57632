/*
 * check.h - asks for the records of a relay, compares them with what it
 * needs, and shows a person what it found.
 */
#ifndef CMDEPLOY_DNS_CHECK_H
#define CMDEPLOY_DNS_CHECK_H

#include "cmdeploy/dns/compare.h"

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
	char *source;            /* who was asked: walk_source() */
	/* Lines about servers that are behind others, or silent; or "". */
	char *servers;
};

/*
 * All records; or with `is_way_only` those by which the host is found. From
 * where it begins to ask: walk_open(). Negative when nobody answered anything:
 * `why` tells who was asked.
 */
int dns_check(const struct config *config, const struct dns_facts *facts,
	bool is_way_only, struct dns_report *ret_report,
	struct buf *why) MUST_CHECK;
void dns_report_release(struct dns_report *report);

/* In a clause what is wrong: "a.test MX: missing". */
void dns_finding_tell(const struct dns_finding *finding, struct buf *out);
/* A table of all, then the lines to copy. `domain` is the relay's. */
void dns_report_show(const struct dns_report *report, const char *domain);
/* In a sentence: "All required records are right; 2 recommended ..." */
void dns_report_sum(const struct dns_report *report, struct buf *out);

/*
 * Does `label`, an alias below the relay's domain, point to the host, as the
 * domain itself does? 1 yes; 0 no, or there is no such alias; negative: nobody
 * could be asked.
 */
int dns_alias_points_here(const struct host *host, const struct config *config,
	const char *label, struct buf *why) MUST_CHECK;

/*
 * Before a relay is set up on the host: do the addresses of its domain, of
 * mta-sts and of www point to it? 1 yes, and always for a relay whose domain
 * is an IP address; 0 no: *out has what is wrong, and lines to copy;
 * negative: nobody could be asked.
 */
int dns_check_run(const struct host *host, const struct config *config,
	struct buf *out, struct buf *why) MUST_CHECK;

/*
 * The same as a step of `cmdeploy run` that refuses (-EINVAL) when the records
 * do not point to the host; `why` has the lines to copy. That nobody can be
 * asked is said and stops nothing: a relay can be upgraded while its name
 * servers are down.
 */
int dns_step(const struct host *host, const struct config *config,
	struct buf *why) MUST_CHECK;

#endif
