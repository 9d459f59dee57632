/*
 * compare.h - is what is published what a relay needs? Tolerant where DNS
 * and mail are: case, blanks, the order of tags, strings that are split,
 * a policy that is stricter. Pure.
 */
#ifndef CMDEPLOY_DNS_COMPARE_H
#define CMDEPLOY_DNS_COMPARE_H

#include "cmdeploy/dns/records.h"

enum dns_verdict {
	DNS_RIGHT,
	DNS_MISSING,
	DNS_WRONG,
	DNS_NOT_YET, /* what it should be is not known yet */
	DNS_UNKNOWN, /* nobody could be asked */
};

/*
 * Of a record that has been asked for. *note tells in a clause what is
 * wrong, or what is to be known of something that is right, or nothing.
 * *ret_is_grave: what is wrong breaks the relay, whether or not the record
 * is a required one.
 */
enum dns_verdict dns_compare(const struct dns_record *record,
	const struct dns_seen *seen, struct buf *note, bool *ret_is_grave);

#endif
