/*
 * shape.h - the body of a multipart message held against the one shape
 * it may have, so that nothing readable can hide in it.
 *
 * Two shapes are known:
 *  - encrypted (RFC 3156 section 4): a part application/pgp-encrypted
 *    with the line `Version: 1`, then a part application/octet-stream
 *    with one armored message (armor.h);
 *  - SecureJoin: one part text/plain with the single line `Secure-Join:
 *    vc-request` or `vg-request`, in any case; or this line alone, in a
 *    message without parts.
 *
 * Each line of the body has to be one that the shape has at this place:
 * a delimiter, a field of a part's header, the text above, one of the
 * sentences that programs put before the first part, or blank. So other
 * preambles, epilogues, nested or further parts, text after the armor,
 * repeated fields, a delimiter with something behind it and a missing
 * close delimiter all fail, however another program would read them.
 *
 * A part may be in base64 or quoted-printable; that, and whatever else
 * could hold text of a sender's, is noticed as an oddity.
 */
#ifndef MAIL_ENCRYPTED_SHAPE_H
#define MAIL_ENCRYPTED_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/slice.h"
#include "lib/util.h"
#include "mail/encrypted/armor.h"
#include "mail/encrypted/transfer.h"
#include "mail/header.h"
#include "mail/reason.h"

enum shape_kind {
	SHAPE_NONE, /* takes any line, is never whole */
	SHAPE_ENCRYPTED,
	SHAPE_SECUREJOIN,
	SHAPE_REQUEST, /* the same text as a body without parts */
};

enum shape_state {
	SHAPE_PREAMBLE,
	SHAPE_PART_HEADER,
	SHAPE_PART_BODY,
	SHAPE_EPILOGUE,
	SHAPE_FAILED,
};

struct shape {
	enum shape_kind kind;
	enum shape_state state;
	char *delimiter; /* "--" and the boundary */
	size_t delimiter_len;
	size_t i_part;      /* the present one */
	bool has_text;      /* the line that is the part's text was there */
	bool has_type;      /* the part's Content-Type is the wanted one */
	bool has_preamble;  /* the sentence before the first part */
	enum reason reason; /* why it failed */
	enum reason oddity; /* the first thing beyond what clients send */
	unsigned n_blank;   /* blank lines */
	struct header_reader header;
	struct transfer transfer; /* of the part */
	struct armor armor;
};

/* With parts, `boundary` is not empty (content_type_parse() judged it). */
void shape_init(struct shape *s, enum shape_kind kind, struct slice boundary);
/* Frees; accepts a zeroed object, which is one of SHAPE_NONE. */
void shape_release(struct shape *s);

/* The next line of the body, without CRLF and without dot-stuffing. */
void shape_line(struct shape *s, struct slice line);

/*
 * Takes lines of armored data in bulk, see armor_skip_lines(). `bytes`
 * begins at the start of a line.
 */
size_t shape_skip_lines(struct shape *s, struct slice bytes);

/* Asked at the end: NONE, or why the body has not the shape. */
enum reason shape_fault(const struct shape *s);
/*
 * The same of one that must not hold text of a sender's: armor header
 * lines, encodings, names of parts, blanks, letters that are not random.
 */
enum reason shape_strict_fault(const struct shape *s);

#endif
