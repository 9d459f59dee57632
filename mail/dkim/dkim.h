/*
 * dkim.h - is a message signed by the domain that it comes from? RFC 6376
 * (DKIM), RFC 8301 and RFC 8463 (rsa-sha256, ed25519-sha256).
 *
 * Fed is a message as mail/scan.h takes it: what stands on the wire after
 * DATA, dots stuffed, in chunks of any size; it has to be sound on the
 * wire. Signatures of other domains say nothing here and are passed over.
 *
 *	dkim_init(&d);
 *	n = dkim_header(&d, chunk), until d.is_header_over
 *	dkim_begin(&d, domain, now);	whose signatures count
 *	... look for the keys d.signatures[i].key_name ...
 *	dkim_body(&d, rest of the chunk), and all that follows
 *	dkim_end(&d);
 *	fault = dkim_verify(&d.signatures[i], &key);	NULL: proven
 *	dkim_release(&d);
 *
 * The header is kept until dkim_begin(), which makes hashes of it; of the
 * body nothing is kept.
 */
#ifndef MAIL_DKIM_DKIM_H
#define MAIL_DKIM_DKIM_H

#include "mail/dkim/signature.h"

enum {
	/*
	 * Of the domain that counts; those of others cost nothing. The rest
	 * is not looked at.
	 */
	DKIM_SIGNATURES_MAX = 32,
	DKIM_FORMS = 2,
};

struct dkim {
	struct buf header;   /* as it was signed: unstuffed */
	bool is_header_over; /* its empty line has been fed */
	bool is_after_lf;    /* the next byte begins a line */
	bool is_body_hashed[DKIM_FORMS];
	struct dkim_body bodies[DKIM_FORMS]; /* by form */
	unsigned n_signatures;
	struct dkim_signature *signatures; /* those that count */
};

void dkim_init(struct dkim *d);
/* Frees; accepts a zeroed object. */
void dkim_release(struct dkim *d);

/* Takes bytes up to the empty line that ends the header; how many. */
size_t dkim_header(struct dkim *d, struct slice wire) MUST_CHECK;
/*
 * The header is over, or all that there will be of it. Fills in
 * d->signatures; what is known to be no good has its fault.
 */
void dkim_begin(struct dkim *d, struct slice domain, uint64_t now_sec);
void dkim_body(struct dkim *d, struct slice wire);
/* The message is over: gives signatures of another body their fault. */
void dkim_end(struct dkim *d);

/* NULL: the signature is good. Else why not; also its fault. */
const char *dkim_verify(
	const struct dkim_signature *s, const struct dkim_key *key) MUST_CHECK;

#endif
