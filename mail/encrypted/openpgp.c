/* Walks over the packets of an encrypted OpenPGP message. */
#include "mail/encrypted/openpgp.h"

#include <errno.h>

#include "lib/die.h"
#include "lib/util.h"

enum {
	TAG_FORMAT = 0xc0,
	TAG_IS_NEW = 0xc0,
	TAG_IS_LEGACY = 0x80,
	TAG_TYPE = 0x3f,
	TAG_LEGACY_TYPE = 0x0f,
	TAG_LEGACY_LENGTH = 0x03, /* 1, 2, 4 octets, or no length */

	/* First octet of a body length (RFC 9580 section 4.2.1). */
	LENGTH_TWO = 192,
	LENGTH_PARTIAL = 224,
	LENGTH_FIVE = 255,
	PARTIAL_EXPONENT = 0x1f,
	PARTIAL_FIRST_MIN_BYTES = 512,
};

struct packet_rule {
	uint8_t tag;
	uint8_t version;
	uint32_t min_bytes;
	uint32_t max_bytes;
};

/*
 * The longest keys are those of RSA with 8192 bits (1,036 bytes) and of
 * ML-KEM-1024 with X448 (under 1,700). A SKESK holds at most a salt, a
 * nonce, a session key and a tag. A SEIPD of version 1 has a prefix and a
 * hash, one of version 2 a salt and a tag, whatever is encrypted.
 */
static const struct packet_rule packet_rules[] = {
	{ OPENPGP_PKESK, 3, 12, 1800 },
	{ OPENPGP_PKESK, 6, 12, 1800 },
	{ OPENPGP_SKESK, 4, 4, 64 },
	{ OPENPGP_SKESK, 5, 20, 128 },
	{ OPENPGP_SKESK, 6, 20, 128 },
	{ OPENPGP_SEIPD, 1, 41, UINT32_MAX },
	{ OPENPGP_SEIPD, 2, 52, UINT32_MAX },
};

void openpgp_init(struct openpgp *p)
{
	*p = (struct openpgp){ .state = OPENPGP_TAG };
}

static enum openpgp_state next_length(struct openpgp *p)
{
	p->length = 0;
	p->n_length = 0;
	p->n_length_wanted = 1;
	return OPENPGP_LENGTH;
}

static bool take_type(struct openpgp *p, uint8_t octet)
{
	bool is_new = (octet & TAG_FORMAT) == TAG_IS_NEW;

	p->is_legacy = (octet & TAG_FORMAT) == TAG_IS_LEGACY;
	p->tag = is_new ? octet & TAG_TYPE : octet >> 2 & TAG_LEGACY_TYPE;
	return is_new || p->is_legacy;
}

static enum openpgp_state take_tag(struct openpgp *p, uint8_t octet)
{
	if (!take_type(p, octet))
		return OPENPGP_BROKEN;
	p->is_continued = false;
	if (p->tag == OPENPGP_SEIPD)
		return next_length(p);
	if ((p->tag != OPENPGP_PKESK && p->tag != OPENPGP_SKESK) ||
		++p->n_keys > OPENPGP_KEYS_MAX)
		return OPENPGP_BROKEN;
	enum openpgp_state state = next_length(p);
	if (!p->is_legacy)
		return state;
	unsigned kind = octet & TAG_LEGACY_LENGTH;
	p->n_length_wanted = (uint8_t)(1U << kind);
	return kind == TAG_LEGACY_LENGTH ? OPENPGP_BROKEN : state;
}

/* What follows a body, or a part of one, that is over. */
static enum openpgp_state after_body(struct openpgp *p)
{
	if (p->is_partial)
		return next_length(p);
	return p->tag == OPENPGP_SEIPD ? OPENPGP_END : OPENPGP_TAG;
}

static enum openpgp_state begin_body(
	struct openpgp *p, uint64_t n, bool is_partial)
{
	bool is_first = !p->is_continued;

	p->n_body = n;
	p->is_partial = is_partial;
	p->is_continued = is_partial;
	if (is_first)
		return n > 0 ? OPENPGP_VERSION : OPENPGP_BROKEN;
	return n > 0 ? OPENPGP_BODY : after_body(p);
}

/* `n_body` counts this octet still: all of the body, or its first part. */
static enum openpgp_state take_version(struct openpgp *p, uint8_t octet)
{
	uint64_t n = p->n_body--;

	for (size_t i = 0; i < ARRAY_LEN(packet_rules); i++) {
		const struct packet_rule *rule = &packet_rules[i];
		if (rule->tag == p->tag && rule->version == octet)
			return n >= rule->min_bytes && n <= rule->max_bytes
				? OPENPGP_BODY
				: OPENPGP_BROKEN;
	}
	return OPENPGP_BROKEN;
}

static enum openpgp_state begin_part(struct openpgp *p, uint8_t octet)
{
	uint64_t n = UINT64_C(1) << (octet & PARTIAL_EXPONENT);

	if (p->tag != OPENPGP_SEIPD)
		return OPENPGP_BROKEN;
	if (!p->is_continued && n < PARTIAL_FIRST_MIN_BYTES)
		return OPENPGP_BROKEN;
	return begin_body(p, n, true);
}

static enum openpgp_state take_first_length(struct openpgp *p, uint8_t octet)
{
	if (octet < LENGTH_TWO)
		return begin_body(p, octet, false);
	if (octet >= LENGTH_PARTIAL && octet < LENGTH_FIVE)
		return begin_part(p, octet);
	if (octet < LENGTH_PARTIAL)
		p->length = octet - LENGTH_TWO;
	p->n_length = 1;
	p->n_length_wanted = octet == LENGTH_FIVE ? 5 : 2;
	return OPENPGP_LENGTH;
}

static enum openpgp_state take_length(struct openpgp *p, uint8_t octet)
{
	if (p->n_length == 0 && !p->is_legacy)
		return take_first_length(p, octet);
	p->length = p->length << 8 | octet;
	p->n_length++;
	if (p->n_length < p->n_length_wanted)
		return OPENPGP_LENGTH;
	bool is_two = p->n_length_wanted == 2 && !p->is_legacy;
	return begin_body(
		p, (uint64_t)p->length + (is_two ? LENGTH_TWO : 0), false);
}

static enum openpgp_state take_octet(struct openpgp *p, uint8_t octet)
{
	switch (p->state) {
	case OPENPGP_TAG:
		return take_tag(p, octet);
	case OPENPGP_LENGTH:
		return take_length(p, octet);
	case OPENPGP_VERSION:
		return take_version(p, octet);
	case OPENPGP_BODY:
	case OPENPGP_END:
	case OPENPGP_BROKEN:
		break;
	}
	return OPENPGP_BROKEN;
}

void openpgp_skip(struct openpgp *p, uint64_t n)
{
	if (n > openpgp_skippable(p))
		bug("skipped more than a packet's body");
	if (n == 0)
		return;
	p->n_body -= n;
	if (p->n_body == 0)
		p->state = after_body(p);
}

int openpgp_feed(struct openpgp *p, struct slice bytes)
{
	while (bytes.len > 0 && p->state != OPENPGP_BROKEN) {
		uint64_t n = openpgp_skippable(p);
		if (n > bytes.len)
			n = bytes.len;
		openpgp_skip(p, n);
		if (n == 0) {
			p->state = take_octet(p, (uint8_t)bytes.ptr[0]);
			n = 1;
		}
		bytes = slice_from(bytes, n);
	}
	return p->state == OPENPGP_BROKEN ? -EBADMSG : 0;
}

bool openpgp_is_complete(const struct openpgp *p)
{
	return p->state == OPENPGP_END;
}
