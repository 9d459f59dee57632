/*
 * shape.h - the body of a multipart message held against the one shape
 * it may have, so that nothing readable can hide in it.
 *
 * Two shapes are known:
 *  - encrypted (RFC 3156 section 4): a part application/pgp-encrypted
 *    with the line `Version: 1`, then a part application/octet-stream
 *    with one armored message (armor.h);
 *  - securejoin: one part text/plain with the single line `Secure-Join:
 *    vc-request` or `vg-request`, in any case.
 *
 * Each line of the body has to be one that the shape has at this place:
 * a delimiter, a field of a part's header, the text above, or blank. So
 * preamble, epilogue, nested or further parts, text after the armor,
 * encodings other than 7bit and 8bit, repeated fields, a delimiter with
 * something behind it and a missing close delimiter all fail, however
 * another program would read them.
 */
#ifndef MAIL_SHAPE_H
#define MAIL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/slice.h"
#include "lib/util.h"
#include "mail/armor.h"
#include "mail/header.h"

enum shape_kind {
	SHAPE_NONE, /* takes any line, is never whole */
	SHAPE_ENCRYPTED,
	SHAPE_SECUREJOIN,
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
	size_t i_part;     /* the present one */
	bool has_text;     /* the line that is the part's text was there */
	bool has_type;     /* the part's Content-Type is the wanted one */
	bool has_encoding; /* its transfer encoding is none or identity */
	bool has_oddities; /* part fields or armor headers beyond the usual */
	struct header_reader header;
	struct armor armor;
};

/* `boundary` is not empty (content_type_parse() judged it). */
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

/* Asked at the end: the body has the shape. */
bool shape_is_whole(const struct shape *s);
/* And nothing in it is beyond what chatmail clients send. */
bool shape_is_plain(const struct shape *s);

#endif
