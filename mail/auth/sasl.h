/*
 * sasl.h - the mechanisms PLAIN (RFC 4616) and LOGIN of SASL, the server's
 * side, as far as a password is known: who somebody says to be.
 */
#ifndef MAIL_AUTH_SASL_H
#define MAIL_AUTH_SASL_H

#include "lib/buf.h"

enum {
	/* Of a user or a password; beyond: malformed. */
	SASL_TEXT_MAX_BYTES = 1024,
};

struct sasl {
	int (*step)(struct sasl *sasl, struct slice text);
	struct buf user;
	struct buf password;
};

/* -EOPNOTSUPP for a mechanism that nobody knows here. */
int sasl_init(struct sasl *sasl, struct slice mechanism) MUST_CHECK;
/* Wipes; accepts a zeroed object. */
void sasl_release(struct sasl *sasl);

/* What to ask the client next, in base64; "" for PLAIN. */
const char *sasl_challenge(const struct sasl *sasl);
/*
 * What the client has answered, in base64. 1: `user` and `password` are
 * known, neither is empty nor has a NUL; 0: it is to be asked again;
 * -EINVAL: malformed.
 */
int sasl_respond(struct sasl *sasl, struct slice response) MUST_CHECK;

#endif
