/*
 * acme.h - what an authority (RFC 8555) and acmetool say, read.
 */
#ifndef CMDEPLOY_CERTIFICATE_ACME_H
#define CMDEPLOY_CERTIFICATE_ACME_H

#include <stdbool.h>

#include "lib/buf.h"

/*
 * Appends what acmetool calls a key: the SHA-256 digest of its public
 * half (SubjectPublicKeyInfo, DER) in base 32, lower case, unpadded.
 */
void acme_add_key_name(struct buf *out, struct slice digest);

/*
 * Appends the URL of the terms that the directory in `text` (JSON, from
 * `url`) asks one to agree to; nothing when it asks for none. -EPROTO when
 * it is not a directory.
 */
int acme_find_terms(struct slice text, const char *url, struct buf *out,
	struct buf *why) MUST_CHECK;

/*
 * Of two wishes, texts as acmetool keeps them (YAML): each name that `wish`
 * has is in `ours`, too. False where that cannot be told.
 */
bool acme_wish_is_within(struct slice wish, struct slice ours);

/*
 * Replaces *reason by what the authority said first of a name it could not
 * confirm, if that is in what acmetool logged: (detail "...").
 */
void acme_find_detail(const struct buf *log, struct buf *reason);

#endif
