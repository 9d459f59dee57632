/*
 * x509.h - certificates (RFC 5280), as they lie in a file and as a server
 * shows them; and private keys.
 */
#ifndef CMDEPLOY_CERTIFICATE_X509_H
#define CMDEPLOY_CERTIFICATE_X509_H

#include <stdbool.h>

#include "lib/buf.h"

enum {
	X509_DIGEST_BYTES = 32,
};

struct x509_facts {
	int64_t left_sec; /* until it expires; negative: it has expired */
	bool is_for_name; /* stands for the name or address asked about */
	bool is_self_signed;
	unsigned char digest[X509_DIGEST_BYTES];     /* SHA-256 of all of it */
	unsigned char key_digest[X509_DIGEST_BYTES]; /* as x509_read_key() */
};

/*
 * The first certificate of a PEM text, with whatever stands around it.
 * `name` is a host name or an IP address. -EBADMSG when there is none.
 */
int x509_read(struct slice pem, const char *name,
	struct x509_facts *ret_facts) MUST_CHECK;
/* The same of a PEM file. */
int x509_read_file(const char *path, const char *name,
	struct x509_facts *ret_facts, struct buf *why) MUST_CHECK;

/*
 * A private key, a PEM file without a password: the SHA-256 digest of its
 * public half (SubjectPublicKeyInfo, DER). Appends to *out, unless that is
 * NULL, the key as PEM in the form that its own kind had before PKCS #8.
 */
int x509_read_key(const char *path, unsigned char ret_digest[X509_DIGEST_BYTES],
	struct buf *out, struct buf *why) MUST_CHECK;

/*
 * What a server that speaks TLS at once ("127.0.0.1:993") shows to a client
 * that asks for that name, within a moment. Whether an authority vouches for
 * it is not checked.
 */
int x509_read_server(const char *server, const char *name,
	struct x509_facts *ret_facts, struct buf *why) MUST_CHECK;

#endif
