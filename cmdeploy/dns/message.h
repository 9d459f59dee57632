/*
 * message.h - DNS messages (RFC 1035, EDNS of RFC 6891) above ldns, whose
 * types they have: bytes as a packet, and what a response is good for on
 * the way to a name. No I/O; foreign bytes go in.
 *
 * A name is an ldns_rdf in lower case; as text it is without its last dot,
 * and the root is ".". What was found becomes text as well, one spelling for
 * equal things:
 *
 *   A, AAAA        192.0.2.1, 2001:db8::1
 *   NS, CNAME      example.org
 *   MX             10 example.org
 *   SRV            0 1 587 example.org
 *   TXT            its strings joined; \ddd for bytes that are not text
 *   CAA            0 issue letsencrypt.org
 */
#ifndef CMDEPLOY_DNS_MESSAGE_H
#define CMDEPLOY_DNS_MESSAGE_H

/* Before ldns, which otherwise makes bool a signed char. */
#include <stdbool.h>

#include <ldns/ldns.h>

#include "lib/buf.h"
#include "lib/words.h"

enum {
	DNS_MESSAGE_MAX_BYTES = 65535,
};

/* What is published under a name. Zeroed: nothing. */
struct dns_seen {
	/* Of the types asked for (of an alias: A, AAAA), in that spelling. */
	struct words data;
	struct words lines;   /* the same as in a zone file, behind the type */
	struct words aliases; /* each name on the way there that was one */
	/* To compare an alias with: the addresses of the relay's own name. */
	const struct words *domain_addresses;
};

void dns_seen_add(struct dns_seen *seen, const ldns_rr *rr);
void dns_seen_release(struct dns_seen *seen);

/* In that spelling. The caller frees. */
char *dns_data(const ldns_rr *rr);
/* "example.org. 3600 IN MX 10 example.org."; the caller frees. */
char *dns_line(const ldns_rr *rr);

/* "A", "TXT" */
const char *dns_type_name(ldns_rr_type type);

/* NULL when it cannot be a name. The caller frees: ldns_rdf_deep_free(). */
ldns_rdf *dns_name(const char *text);
/* The caller frees. */
char *dns_name_text(const ldns_rdf *name);
/* `name` is `zone` or below it. */
bool dns_name_is_in(const ldns_rdf *name, const ldns_rdf *zone);

/*
 * -EBADMSG when the bytes are not a whole message. Records of other classes
 * than IN are left out; and all of a message that says it is truncated. The
 * caller frees: ldns_pkt_free().
 */
int dns_message_parse(struct slice bytes, ldns_pkt **ret_message) MUST_CHECK;

/* It is a response to that question. */
bool dns_message_answers(const ldns_pkt *message, const ldns_pkt *question);

/* The first record of that kind, or NULL. */
const ldns_rr *dns_find(
	const ldns_rr_list *rrs, const ldns_rdf *owner, ldns_rr_type type);

enum reply {
	REPLY_USELESS, /* another server may know */
	REPLY_FOUND,
	REPLY_ALIAS, /* the name stands for another one */
	REPLY_NONE,  /* there is no such record */
	REPLY_CUT,   /* the servers of a zone below are these */
};

/*
 * What a response of a server of `zone` says of the records of that type.
 * `zone` is NULL for a resolver's, who need not have authority.
 */
enum reply reply_judge(const ldns_pkt *m, const ldns_rdf *zone,
	const ldns_rdf *name, ldns_rr_type type);
/* The zone below, of a reply that is a REPLY_CUT. The message's. */
const ldns_rdf *reply_cut(
	const ldns_pkt *m, const ldns_rdf *zone, const ldns_rdf *name);
/* Why a response is useless, for a person. */
const char *reply_reason(const ldns_pkt *m);

#endif
