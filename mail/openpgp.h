/*
 * openpgp.h - the packets of an encrypted OpenPGP message, walked over
 * without looking into them (RFC 9580 sections 4.2 and 10.3).
 *
 * Accepted: packet headers in the new (OpenPGP) format only; any number
 * of PKESK (1) and SKESK (3) packets, then exactly one SEIPD (18) that
 * ends where the data ends. Partial body lengths occur in the SEIPD
 * packet only, and the first of them is at least 512 bytes.
 *
 * Bytes come in chunks of any size; the struct owns nothing.
 */
#ifndef MAIL_OPENPGP_H
#define MAIL_OPENPGP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"
#include "lib/util.h"

enum openpgp_state {
	OPENPGP_TAG, /* of the next packet; the state of a zeroed struct */
	OPENPGP_LENGTH,
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

/* The data may end here. */
bool openpgp_is_complete(const struct openpgp *p);

#endif
