/*
 * records.h - the DNS records that a relay needs, from its settings and
 * from what only its host knows; also as a zone file (RFC 1035, section 5).
 */
#ifndef CMDEPLOY_DNS_RECORDS_H
#define CMDEPLOY_DNS_RECORDS_H

#include "chatmaild/common/config.h"
#include "cmdeploy/dns/message.h"
#include "cmdeploy/host/host.h"

enum {
	ZONE_TTL_SEC = 3600,
	ZONE_MAX_BYTES = 1 << 16,
};

/* What only the host of the relay knows; zeroed: nothing is known. */
struct dns_facts {
	/* By which others reach it, of both families; no loopback. */
	struct words addresses;
	char *dkim_key;     /* base64 of the public key; NULL: none yet */
	char *acme_account; /* URL; NULL: none yet */
};

/*
 * Asks the host in one go, by a script that needs no program of ours there.
 * Addresses that the settings name (public_addresses) stand in place of
 * those of the host.
 */
int dns_facts_get(const struct host *host, const struct config *config,
	struct dns_facts *ret_facts, struct buf *why) MUST_CHECK;
/* What the script printed; lines that say nothing are passed over. */
void dns_facts_parse(struct slice text, const struct config *config,
	struct dns_facts *ret_facts);
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
	char *data;          /* as in message.h; NULL: none, or not known yet */
	char *line;          /* of a zone file, without LF; NULL as well */
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

/* All as a zone file, with a comment over each part; no SOA and no NS. */
void dns_records_add_zone(const struct config *config,
	const struct dns_records *records, struct buf *out);

/* Not an address of the Internet: RFC 1918, 6598, 3927, 4193, 4291. */
bool dns_address_is_private(const char *text);

/* The id of the MTA-STS record (RFC 8461): a digest of the policy file. */
void dns_mta_sts_id(const struct config *config, struct buf *out);

#endif
