/*
 * mx.h - the hosts that take a domain's mail: those of its MX records, the
 * best first (RFC 5321 section 5.1, RFC 7505). Asks the machine's resolver,
 * and waits for it.
 */
#ifndef CHATMAILD_MXSEND_MX_H
#define CHATMAILD_MXSEND_MX_H

#include "lib/util.h"

enum {
	MX_HOST_MAX_BYTES = 256,
	/* As many as Postfix tries; of more records the best. */
	MX_HOSTS_MAX = 5,
};

enum mx_outcome {
	MX_HOST,    /* or the domain itself, which has no MX record */
	MX_NO_NAME, /* there is no such domain */
	MX_REFUSED, /* it takes no mail */
	MX_TROUBLE, /* it cannot be known now */
};

struct mx_hosts {
	unsigned n;
	char *names[MX_HOSTS_MAX];
};

void mx_hosts_release(struct mx_hosts *hosts);

/* *ret_hosts has a host when there is one, and is released by the caller. */
enum mx_outcome mx_find(
	const char *domain, struct mx_hosts *ret_hosts) MUST_CHECK;

/* The same of an answer of the DNS, a packet. */
enum mx_outcome mx_read(const unsigned char *answer, int len,
	const char *domain, struct mx_hosts *ret_hosts) MUST_CHECK;

#endif
