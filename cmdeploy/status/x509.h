/*
 * x509.h - certificates, as they lie in a file and as a server shows them.
 * openssl(1) reads them: it is on every relay, which its certificates were
 * made with, and what it links need not be linked here.
 */
#ifndef CMDEPLOY_STATUS_X509_H
#define CMDEPLOY_STATUS_X509_H

#include <stdbool.h>
#include <time.h>

#include "lib/buf.h"

struct x509_facts {
	time_t not_after;
	bool is_for_name; /* stands for the name or address asked about */
	bool is_self_signed;
	char digest[96]; /* SHA-256 of all of it, as text */
};

/* The first certificate of a PEM file. */
int x509_read_file(const char *path, const char *name,
	struct x509_facts *ret_facts, struct buf *why) MUST_CHECK;

/*
 * What a server that speaks TLS at once ("127.0.0.1:993") shows to who asks
 * for that name, within a moment; whether somebody vouches for it is not
 * looked at.
 */
int x509_read_server(const char *server, const char *name,
	struct x509_facts *ret_facts, struct buf *why) MUST_CHECK;

/* What openssl(1) prints of one; -EBADMSG when something is missing. */
int x509_parse(struct slice text, struct x509_facts *ret_facts) MUST_CHECK;

#endif
