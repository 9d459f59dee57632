/*
 * zone.h - records as lines of a zone file (RFC 1035, section 5), as BIND,
 * knot and nsd read them.
 */
#ifndef CMDEPLOY_DNS_ZONE_H
#define CMDEPLOY_DNS_ZONE_H

#include "cmdeploy/dns/records.h"

enum {
	ZONE_TTL_SEC = 3600,
	ZONE_MAX_BYTES = 1 << 16,
};

/* One line, with its LF; nothing for a record without data. */
void zone_add_record(const struct dns_record *record, struct buf *out);
/*
 * What stands behind the type: TXT in quoted strings of 255 bytes at
 * most, names with their last dot.
 */
void zone_add_data(ldns_rr_type type, struct slice data, struct buf *out);

/* All records, with a comment over each part; no SOA and no NS. */
void zone_add_all(const struct config *config,
	const struct dns_records *records, struct buf *out);

#endif
