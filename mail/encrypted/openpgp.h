/*
 * openpgp.h - the packets of an encrypted OpenPGP message, walked over
 * without looking further into them than their version (RFC 9580 sections
 * 4.2 and 10.3).
 *
 * Accepted: up to OPENPGP_KEYS_MAX packets PKESK (1) and SKESK (3), then
 * exactly one SEIPD (18) that ends where the data ends; each with a
 * version and a size that there are. Headers are in the new (OpenPGP)
 * format, those of PKESK and SKESK also in the legacy format with 1, 2 or
 * 4 length octets. Partial body lengths occur in the SEIPD packet only,
 * and the first of them is at least 512 bytes.
 *
 * Bytes come in chunks of any size; the struct owns nothing.
 */
#ifndef MAIL_ENCRYPTED_OPENPGP_H
#define MAIL_ENCRYPTED_OPENPGP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"
#include "lib/util.h"

enum {
	/* Session keys: one for each recipient that Postfix takes, and some. */
	OPENPGP_KEYS_MAX = 1024,

	OPENPGP_PKESK = 1,
	OPENPGP_SKESK = 3,
	OPENPGP_SEIPD = 18,
};

enum openpgp_state {
	OPENPGP_TAG, /* of the next packet; the state of a zeroed struct */
	OPENPGP_LENGTH,
	OPENPGP_VERSION, /* the first octet of a packet's body */
	OPENPGP_BODY,
	OPENPGP_END, /* the SEIPD packet is whole */
	OPENPGP_BROKEN,
};

struct openpgp {
	uint64_t n_body;  /* bytes of the present body or part still to come */
	uint32_t length;  /* octets of a body length read so far */
	uint8_t n_length; /* how many they are */
	uint8_t n_length_wanted;
	uint8_t tag;
	uint16_t n_keys;   /* PKESK and SKESK packets so far */
	bool is_legacy;    /* the packet's header is in that format */
	bool is_partial;   /* another length follows the present part */
	bool is_continued; /* a partial length was seen in this packet */
	enum openpgp_state state;
};

void openpgp_init(struct openpgp *p);

/* 0, or -EBADMSG when these bytes cannot be such a message (final). */
int openpgp_feed(struct openpgp *p, struct slice bytes) MUST_CHECK;

/* So many of the next bytes are body: they need not be shown ... */
static inline uint64_t openpgp_skippable(const struct openpgp *p)
{
	return p->state == OPENPGP_BODY ? p->n_body : 0;
}
/* ... but may be counted: `n` is at most openpgp_skippable(). */
void openpgp_skip(struct openpgp *p, uint64_t n);

/* What comes next belongs to a session key's packet. */
static inline bool openpgp_is_in_keys(const struct openpgp *p)
{
	return p->tag != OPENPGP_SEIPD;
}

/* The data may end here. */
bool openpgp_is_complete(const struct openpgp *p);

#endif
