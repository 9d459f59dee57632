/*
 * records.h - the DNS records that a relay needs, from its settings and
 * from what only its host knows. Pure.
 */
#ifndef CMDEPLOY_DNS_RECORDS_H
#define CMDEPLOY_DNS_RECORDS_H

#include "chatmaild/common/config.h"
#include "cmdeploy/dns/message.h"

/* What only the host of the relay knows; zeroed: nothing is known. */
struct dns_facts {
	/* By which others reach it: LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA; no
	 * loopback. */
	struct dns_rrs addresses;
	char *dkim_key;     /* base64 of the public key; NULL: none yet */
	char *acme_account; /* URL; NULL: none yet */
};

void dns_facts_release(struct dns_facts *facts);

/* How what is published is compared with what is wanted (compare.h). */
enum dns_match {
	DNS_MATCH_ADDRESS,
	DNS_MATCH_ALIAS, /* or the same addresses */
	DNS_MATCH_MX,
	DNS_MATCH_SRV,
	DNS_MATCH_DKIM,
	DNS_MATCH_MTA_STS,
	DNS_MATCH_SPF,
	DNS_MATCH_DMARC,
	DNS_MATCH_ADSP,
	DNS_MATCH_CAA,
};

struct dns_record {
	const char *label; /* for people: "mail exchanger" */
	bool is_required;
	enum dns_match match;
	char *name;
	ldns_rr_type type;
	char *data; /* as in a struct dns_rr; NULL: none, or not known yet */
	const char *unknown; /* why it is not known, and what to do */
	/* Of an address: all that will do as well, separated by blanks. */
	char *accepts;
};

struct dns_records {
	struct dns_record *v;
	size_t n;
};

/*
 * All records of a relay with a DNS name: required ones first. Those that
 * make no sense with the settings are left out (nobody certifies a name
 * that begins with "_", so it has no MTA-STS and no CAA).
 */
void dns_records_make(const struct config *config,
	const struct dns_facts *facts, struct dns_records *ret_records);
void dns_records_release(struct dns_records *records);
void dns_record_release(struct dns_record *record);

/* Not an address of the Internet: RFC 1918, 6598, 3927, 4193, 4291. */
bool dns_address_is_private(const char *text);

/* The id of the MTA-STS record (RFC 8461): a digest of the policy file. */
void dns_mta_sts_id(const struct config *config, struct buf *out);

#endif
