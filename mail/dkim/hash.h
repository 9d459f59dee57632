/*
 * hash.h - SHA-256 over what a signature covers, brought into one of
 * the two canonical forms of RFC 6376 section 3.4 on its way.
 *
 * Any number of small pieces cost little: they are gathered first. The
 * body may come in chunks of any size; of it nothing is kept.
 */
#ifndef MAIL_DKIM_HASH_H
#define MAIL_DKIM_HASH_H

#include <openssl/types.h>
#include <stdbool.h>

#include "lib/slice.h"

enum dkim_form {
	DKIM_SIMPLE,
	DKIM_RELAXED,
};

enum {
	DKIM_HASH_BYTES = 32,
};

struct dkim_hash {
	EVP_MD_CTX *context;
	size_t len;
	char gathered[1024];
};

void dkim_hash_init(struct dkim_hash *h);
/* Frees; accepts a zeroed object. */
void dkim_hash_release(struct dkim_hash *h);
void dkim_hash_add(struct dkim_hash *h, struct slice bytes);
/* Ends it; what is added next begins a new hash. */
void dkim_hash_end(
	struct dkim_hash *h, unsigned char ret_hash[DKIM_HASH_BYTES]);

/* A header field with its folds, without its last CRLF; adds none. */
void dkim_hash_field(
	struct dkim_hash *h, enum dkim_form form, struct slice field);

/* The body of a message, its lines ended by CRLF, dots not stuffed. */
struct dkim_body {
	struct dkim_hash hash;
	enum dkim_form form;
	size_t n_line_ends; /* CRLFs that count if more text follows */
	bool has_cr;        /* half of one */
	bool has_blank;     /* the same for blanks, relaxed */
	bool has_text;
};

void dkim_body_init(struct dkim_body *b, enum dkim_form form);
void dkim_body_release(struct dkim_body *b);
void dkim_body_feed(struct dkim_body *b, struct slice bytes);
void dkim_body_end(
	struct dkim_body *b, unsigned char ret_hash[DKIM_HASH_BYTES]);

#endif
