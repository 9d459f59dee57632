/*
 * message.h - DNS messages (RFC 1035, EDNS of RFC 6891): a question as
 * bytes, bytes as records of text, and what a response is good for on the
 * way to a name. No I/O; foreign bytes go in, and ldns alone parses them.
 *
 * Names are text in lower case without the last dot, the root is ".".
 * What a record holds is text as well, one spelling for equal things:
 *
 *   A, AAAA        192.0.2.1, 2001:db8::1
 *   NS, CNAME      example.org
 *   MX             10 example.org
 *   SRV            0 1 587 example.org
 *   TXT            its strings joined, as they are (may hold any byte)
 *   CAA            0 issue letsencrypt.org
 *   SOA            ns.example.org hostmaster.example.org 2024010101 ...
 *
 * Records of other types and classes are left out.
 */
#ifndef CMDEPLOY_DNS_MESSAGE_H
#define CMDEPLOY_DNS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_CAA = 257,
};

enum {
	DNS_RRS_MAX = 512,
	DNS_MESSAGE_MAX_BYTES = 65535,
	/* What we say that we take over UDP: passes everywhere unsplit. */
	DNS_UDP_MAX_BYTES = 1232,

	DNS_RCODE_OK = 0,
	DNS_RCODE_FORMAT = 1,
	DNS_RCODE_NO_NAME = 3,
};

enum dns_section {
	DNS_ANSWER,
	DNS_AUTHORITY,
	DNS_ADDITIONAL,
	DNS_SECTIONS,
};

struct dns_rr {
	char *owner;
	enum dns_type type;
	enum dns_section section;
	char *data; /* followed by a NUL that does not count */
	size_t len;
};

struct dns_rrs {
	struct dns_rr *v;
	size_t n;
};

void dns_rrs_add(struct dns_rrs *rrs, const char *owner, enum dns_type type,
	struct slice data);
void dns_rrs_release(struct dns_rrs *rrs);

struct dns_message {
	uint16_t id;
	unsigned rcode;
	bool is_response;
	bool is_authoritative;
	bool is_truncated; /* then there is nothing below, whatever came */
	char *name;        /* of the question; NULL when there is none */
	unsigned type;
	struct dns_rrs rrs; /* of all sections */
};

struct dns_question {
	const char *name;
	enum dns_type type;
	bool is_recursive; /* for a resolver: it shall find out */
	bool has_edns;
};

/* "A", "TXT" */
const char *dns_type_name(enum dns_type type);

/* Appends the message. -EINVAL when the name cannot be one. */
int dns_question_write(const struct dns_question *question, uint16_t id,
	struct buf *out) MUST_CHECK;

/* -EBADMSG when the bytes are not a whole message. */
int dns_message_parse(
	struct slice bytes, struct dns_message *ret_message) MUST_CHECK;
void dns_message_release(struct dns_message *message);

/* It is a response to that question. */
bool dns_message_answers(const struct dns_message *message,
	const struct dns_question *question, uint16_t id);

/*
 * Lower case, without the last dot: the spelling of names here. The caller
 * frees.
 */
char *dns_name(const char *text);
/* `name` is `zone` or below it. */
bool dns_name_is_in(const char *name, const char *zone);

/* The first record of that kind, or NULL. */
const struct dns_rr *dns_message_find(const struct dns_message *m,
	enum dns_section section, const char *owner, enum dns_type type);

enum reply {
	REPLY_USELESS, /* another server may know */
	REPLY_FOUND,
	REPLY_ALIAS, /* the name stands for another one */
	REPLY_NONE,  /* there is no such record */
	REPLY_CUT,   /* the servers of a zone below are these */
};

struct reply_want {
	const char *zone; /* for which the server was asked */
	const char *name;
	enum dns_type type;
	bool from_resolver; /* it need not have authority */
};

enum reply reply_judge(
	const struct dns_message *m, const struct reply_want *want);
/* The zone below, of a reply that is a REPLY_CUT. */
const char *reply_cut(
	const struct dns_message *m, const struct reply_want *want);
/* Why a response is useless, for a person. */
const char *reply_reason(const struct dns_message *m);

#endif
