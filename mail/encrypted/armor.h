/*
 * armor.h - one ASCII-armored OpenPGP message, read line by line (RFC
 * 9580 section 6.2).
 *
 *	-----BEGIN PGP MESSAGE-----
 *	(armor headers: noticed, for a stricter caller to refuse)
 *	(empty line)
 *	base64, with = at its end only
 *	=CRC4                          (optional; not verified, as 6.1 says)
 *	-----END PGP MESSAGE-----
 *
 * Blank lines may stand before, between the armor headers and the data,
 * and after; anything else makes the message broken. The data has to be
 * what openpgp.h accepts, and is decoded only where packet headers lie.
 * Its letters are counted, those of session keys apart (letters.h).
 */
#ifndef MAIL_ENCRYPTED_ARMOR_H
#define MAIL_ENCRYPTED_ARMOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/slice.h"
#include "lib/util.h"
#include "mail/encrypted/letters.h"
#include "mail/encrypted/openpgp.h"
#include "mail/reason.h"

enum {
	/* Longest line that armor_line() takes; longer ones are broken. */
	ARMOR_LINE_MAX_BYTES = 1000,
};

enum armor_state {
	ARMOR_BEGIN, /* the state of a zeroed struct */
	ARMOR_HEADERS,
	ARMOR_GAP, /* blank line seen, no data yet */
	ARMOR_DATA,
	ARMOR_PADDED, /* data ended with = */
	ARMOR_CRC,
	ARMOR_END,
	ARMOR_BROKEN,
};

/* What the letters of an armor are counted in. */
struct armor_letters {
	struct letters keys;
	struct letters data;
};

struct armor {
	struct openpgp packets;
	enum armor_state state;
	uint32_t quantum;              /* 6-bit values that wait for a fourth */
	uint8_t n_quantum;             /* how many they are: 0 to 3 */
	uint16_t line_len;             /* of the last data line */
	bool has_headers;              /* armor header lines were there */
	enum reason reason;            /* why it is broken */
	struct armor_letters *letters; /* owned; NULL before the data */
};

void armor_init(struct armor *a);
/* Frees; accepts a zeroed object. */
void armor_release(struct armor *a);

/* The next line, without its CRLF. 0, or -EBADMSG (final). */
int armor_line(struct armor *a, struct slice line) MUST_CHECK;

/*
 * The fast way: takes whole lines that are nothing but body, of the
 * length of the last one, CRLF included, from the start of `bytes`.
 * Returns how many bytes it took; 0 when the next line has to go through
 * armor_line(). Never changes what the result will be.
 */
size_t armor_skip_lines(struct armor *a, struct slice bytes);

/* END has been seen: a whole message. */
bool armor_is_complete(const struct armor *a);
/* And what it holds is not a text that uses the letters of base64. */
bool armor_is_random(const struct armor *a);

#endif
