/* Walks over the packets of an OpenPGP message (openpgp.h). */
#include "mail/openpgp.h"

#include <errno.h>

#include "lib/die.h"

enum {
	TAG_IS_NEW_FORMAT = 0xc0,
	TAG_TYPE = 0x3f,

	TYPE_PKESK = 1,
	TYPE_SKESK = 3,
	TYPE_SEIPD = 18,

	/* First octet of a body length (RFC 9580 section 4.2.1). */
	LENGTH_TWO = 192,
	LENGTH_PARTIAL = 224,
	LENGTH_FIVE = 255,
	PARTIAL_EXPONENT = 0x1f,
	PARTIAL_FIRST_MIN_BYTES = 512,
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

static enum openpgp_state take_tag(struct openpgp *p, uint8_t octet)
{
	uint8_t type = octet & TAG_TYPE;

	if ((octet & TAG_IS_NEW_FORMAT) != TAG_IS_NEW_FORMAT)
		return OPENPGP_BROKEN;
	if (type != TYPE_PKESK && type != TYPE_SKESK && type != TYPE_SEIPD)
		return OPENPGP_BROKEN;
	p->tag = type;
	p->is_continued = false;
	return next_length(p);
}

/* What follows a body, or a part of one, that is over. */
static enum openpgp_state after_body(struct openpgp *p)
{
	if (p->is_partial)
		return next_length(p);
	return p->tag == TYPE_SEIPD ? OPENPGP_END : OPENPGP_TAG;
}

static enum openpgp_state begin_body(
	struct openpgp *p, uint64_t n, bool is_partial)
{
	p->n_body = n;
	p->is_partial = is_partial;
	return n > 0 ? OPENPGP_BODY : after_body(p);
}

static enum openpgp_state begin_part(struct openpgp *p, uint8_t octet)
{
	uint64_t n = UINT64_C(1) << (octet & PARTIAL_EXPONENT);

	if (p->tag != TYPE_SEIPD)
		return OPENPGP_BROKEN;
	if (!p->is_continued && n < PARTIAL_FIRST_MIN_BYTES)
		return OPENPGP_BROKEN;
	p->is_continued = true;
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
	if (p->n_length == 0)
		return take_first_length(p, octet);
	p->length = p->length << 8 | octet;
	p->n_length++;
	if (p->n_length < p->n_length_wanted)
		return OPENPGP_LENGTH;
	bool is_two = p->n_length_wanted == 2;
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
