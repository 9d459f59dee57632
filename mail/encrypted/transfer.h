/*
 * transfer.h - a part's body out of its transfer encoding (RFC 2045
 * section 6), as lines, while it passes by.
 *
 * At most one decoded line is kept. One longer than
 * TRANSFER_LINE_MAX_BYTES, and what is not of the encoding, is an error.
 */
#ifndef MAIL_ENCRYPTED_TRANSFER_H
#define MAIL_ENCRYPTED_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/slice.h"
#include "lib/util.h"

enum {
	TRANSFER_LINE_MAX_BYTES = 1000,
};

enum transfer_encoding {
	TRANSFER_IDENTITY, /* 7bit, 8bit, binary, or none */
	TRANSFER_BASE64,
	TRANSFER_QUOTED,
	TRANSFER_UNKNOWN,
};

typedef bool transfer_line_fn(void *context, struct slice line);

struct transfer {
	enum transfer_encoding encoding;
	struct buf line;   /* decoded, not yet ended by LF */
	uint32_t quantum;  /* 6-bit values that wait for a fourth */
	uint8_t n_quantum; /* how many they are: 0 to 3 */
	uint8_t n_pads;    /* how many = have ended base64 */
};

/* Of the value of a Content-Transfer-Encoding. */
enum transfer_encoding transfer_encoding_of(struct slice value);

void transfer_init(struct transfer *t, enum transfer_encoding encoding);
/* Frees; accepts a zeroed object. */
void transfer_release(struct transfer *t);

/*
 * The next line as it came, without CRLF: `take` gets each decoded line
 * that it ends. false when `take` said so or the encoding is broken.
 */
bool transfer_line(struct transfer *t, struct slice line,
	transfer_line_fn *take, void *context) MUST_CHECK;
/* The body is over: a last line without its end. */
bool transfer_end(
	struct transfer *t, transfer_line_fn *take, void *context) MUST_CHECK;

#endif
