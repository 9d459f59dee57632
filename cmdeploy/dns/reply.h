/*
 * reply.h - what a response of a zone's server is good for, on the way to
 * a name. Pure.
 */
#ifndef CMDEPLOY_DNS_REPLY_H
#define CMDEPLOY_DNS_REPLY_H

#include "cmdeploy/dns/message.h"

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

/* The first record of that kind, or NULL. */
const struct dns_rr *reply_find(const struct dns_message *m,
	enum dns_section section, const char *owner, enum dns_type type);

/* The zone below, of a reply that is a REPLY_CUT. */
const char *reply_cut(
	const struct dns_message *m, const struct reply_want *want);

/* Why a response is useless, for a person. */
const char *reply_reason(const struct dns_message *m);

#endif
