/*
 * mx.h - the host that takes a domain's mail: the best of its MX records (RFC
 * 5321 section 5.1, RFC 7505). Asks the machine's resolver, and waits for it.
 */
#ifndef CHATMAILD_MXSEND_MX_H
#define CHATMAILD_MXSEND_MX_H

enum {
	MX_HOST_MAX_BYTES = 256,
};

enum mx_outcome {
	MX_HOST,    /* or the domain itself, which has no MX record */
	MX_NO_NAME, /* there is no such domain */
	MX_REFUSED, /* it takes no mail */
	MX_TROUBLE, /* it cannot be known now */
};

enum mx_outcome mx_find(const char *domain, char ret_host[MX_HOST_MAX_BYTES]);

#endif
