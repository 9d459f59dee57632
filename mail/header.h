/*
 * header.h - the header section of a message or of a MIME part, read
 * line by line (RFC 5322 section 2.2), and its structured fields.
 *
 * A reader is told by a table which fields are wanted; it collects their
 * values, unfolded, and hands each to a callback when it is whole. All
 * others are only checked for their form and counted. Names compare
 * without regard to case.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/slice.h"
#include "lib/util.h"

enum {
	/* Longest value of a wanted field; a longer one is malformed. */
	HEADER_VALUE_MAX_BYTES = 16384,
	/* Names that a table may have: bits of a reader's masks. */
	HEADER_NAMES_MAX = 32,
};

struct header_spec {
	const char *const *names; /* known fields; the index is the id */
	size_t n_names;
	size_t n_wanted;  /* the first so many have their values collected */
	size_t bytes_max; /* of the whole section */
	uint32_t fields_max;
	void (*on_field)(void *context, size_t id, struct slice value);
	/* Or NULL; for every known field, how long its value was. */
	void (*on_length)(void *context, size_t id, size_t n_bytes);
};

struct header_reader {
	const struct header_spec *spec;
	struct buf value; /* of the wanted field being read */
	size_t n_bytes;
	uint32_t n_fields;
	uint32_t seen;     /* bit per id */
	uint32_t repeated; /* bit per id: seen more than once */
	size_t n_value;    /* bytes of the value of the field being read */
	int current;       /* its id, or -1 */
	bool has_control;  /* a control byte in a field that is known */
	bool is_malformed; /* a line that is not a field, or a value too long */
	bool is_too_large; /* a limit of the spec was passed */
};

void header_reader_init(
	struct header_reader *r, const struct header_spec *spec);
/* Frees; accepts a zeroed object. */
void header_reader_release(struct header_reader *r);

/*
 * The next line, without its CRLF; the empty line that ends the section
 * is not given. After a malformed or too large section nothing more is
 * collected.
 */
void header_reader_line(
	struct header_reader *r, struct slice line, void *context);
/* The section is over: hands out the last field, frees the buffer. */
void header_reader_end(struct header_reader *r, void *context);

bool header_has(const struct header_reader *r, size_t id);
bool header_is_repeated(const struct header_reader *r, size_t id);

/* A Content-Type (RFC 2045 section 5.1): slices of the value. */
struct content_type {
	struct slice type;
	struct slice subtype;
	struct slice boundary; /* empty: none */
	/* A parameter that encrypted mail has no need of, or one of text. */
	bool has_oddity;
};

/*
 * Parses an unfolded value. Refused, with -EINVAL, is all that programs
 * read in different ways: comments, a parameter without value, more than
 * one boundary, a boundary in RFC 2231 form, one with a backslash, a
 * space or other bytes that RFC 2046 section 5.1.1 does not know, one
 * longer than 70 bytes.
 */
int content_type_parse(
	struct slice value, struct content_type *ret_type) MUST_CHECK;

bool content_type_is(
	const struct content_type *t, const char *type, const char *subtype);

/* A name that programs give to the file of a part: encrypted.asc. */
bool part_name_is_usual(struct slice name);

#endif
