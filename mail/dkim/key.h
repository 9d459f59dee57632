/*
 * key.h - a public key as it stands in the DNS (RFC 6376 section
 * 3.6.1, RFC 8463), and what it says of a signature.
 */
#ifndef MAIL_DKIM_KEY_H
#define MAIL_DKIM_KEY_H

#include <openssl/types.h>
#include <stdbool.h>

#include "lib/slice.h"
#include "lib/util.h"
#include "mail/dkim/hash.h"

enum dkim_algorithm {
	DKIM_RSA_SHA256,
	DKIM_ED25519_SHA256,
};

enum {
	/* RFC 8301: a shorter key proves nothing. */
	DKIM_RSA_MIN_BITS = 1024,
	/* Longer ones cost too much to be had for a query. */
	DKIM_RSA_MAX_BITS = 8192,
	DKIM_EXPONENT_MAX_BITS = 64,
};

struct dkim_key {
	EVP_PKEY *key;
	enum dkim_algorithm algorithm;
	bool is_strict; /* t=s: i= is of d= itself, not of a name below it */
};

/*
 * Reads a TXT record, its strings joined. NULL, or what is wrong with it.
 * The caller releases the key.
 */
const char *dkim_key_parse(
	struct slice record, struct dkim_key *ret_key) MUST_CHECK;
/* Frees; accepts a zeroed object. */
void dkim_key_release(struct dkim_key *k);

/* `signature` is one of `hash` by this key. */
bool dkim_key_verify(const struct dkim_key *k,
	const unsigned char hash[DKIM_HASH_BYTES],
	struct slice signature) MUST_CHECK;

#endif
