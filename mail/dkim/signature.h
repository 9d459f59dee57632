/*
 * signature.h - one DKIM-Signature field (RFC 6376 section 3.5).
 */
#ifndef MAIL_DKIM_SIGNATURE_H
#define MAIL_DKIM_SIGNATURE_H

#include <stdint.h>

#include "lib/buf.h"
#include "mail/dkim/hash.h"
#include "mail/dkim/key.h"

enum {
	/* More than one that anybody needs; beyond, it is no good. */
	DKIM_SIGNATURE_MAX_BYTES = 16384,
	DKIM_NAMES_MAX = 200, /* in h= */
	/* How much the clocks of two servers may differ. */
	DKIM_CLOCK_SEC = 300,
};

struct dkim_signature {
	const char *fault;   /* why it is no good, or NULL */
	struct buf key_name; /* selector._domainkey.domain, in lower case */
	enum dkim_algorithm algorithm;
	enum dkim_form header_form, body_form;
	bool is_for_subdomain; /* i= names one below d= */
	struct slice names;    /* h=, of the field; gone after the header */
	struct buf value;      /* b= */
	unsigned char body_hash[DKIM_HASH_BYTES];   /* bh= */
	unsigned char header_hash[DKIM_HASH_BYTES]; /* what b= is of */
};

/* The field's value is of a signature by `domain`: of none else, d= says. */
bool dkim_signature_is_of(struct slice value, struct slice domain);

/*
 * Reads the value of such a field, folds and all. `now_sec` is the time
 * since 1970. The result may have a fault; release it in any case.
 */
void dkim_signature_parse(struct dkim_signature *s, struct slice value,
	struct slice domain, uint64_t now_sec);
/* Frees; accepts a zeroed object. */
void dkim_signature_release(struct dkim_signature *s);

/* The field without the value of b=: what it is when it is signed. */
void dkim_signature_unsign(struct slice field, struct buf *out);

#endif
