/*
 * scan.h - judges a message while it passes by.
 *
 * Fed is the content of a message as it stands on the wire after DATA:
 * lines that end in CRLF, dot-stuffing still in place (RFC 5321 section
 * 4.5.2), without the final dot, in chunks of any size. Nothing is kept
 * but the line and the header field that are being read, up to 16 KB each
 * in the header, 1 KB of a line in the body, and 2 KB that count letters,
 * whatever the size of the message; nothing at all before the first byte.
 *
 *	struct message_scan scan;
 *	message_scan_init(&scan);
 *	for each chunk: message_scan_feed(&scan, chunk);
 *		if (message_scan_broken(&scan)) refuse at once
 *	message_scan_end(&scan);
 *	if (!message_scan_fault(&scan, is_strict)) ...
 *	message_scan_release(&scan);
 */
#ifndef MAIL_SCAN_H
#define MAIL_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/slice.h"
#include "lib/util.h"
#include "mail/encrypted/shape.h"
#include "mail/header.h"

enum {
	/* RFC 5321 section 4.5.3.1.6: 1000 with the CRLF, unstuffed. */
	MESSAGE_LINE_MAX_BYTES = 998,
	/* Autocrypt and References come without folds from some programs. */
	MESSAGE_HEADER_LINE_MAX_BYTES = 8192,
	MESSAGE_HEADER_MAX_BYTES = 128 * 1024,
	MESSAGE_HEADER_MAX_FIELDS = 1000,
};

enum message_fault {
	MESSAGE_OK,
	MESSAGE_BARE_CR,
	MESSAGE_BARE_LF,
	MESSAGE_NUL,
	MESSAGE_LONG_LINE,
	MESSAGE_LONE_DOT,
	MESSAGE_UNENDED_LINE,
	MESSAGE_LARGE_HEADER,
};

struct message_scan {
	enum message_fault fault;
	bool is_in_body; /* the header is over */
	bool is_ended;
	bool has_odd_encoding; /* top-level transfer encoding not 7bit, 8bit */
	bool is_report;        /* multipart/report */
	bool is_request;       /* Secure-Join: vc-request or vg-request */
	bool has_setup_field;  /* Autocrypt-Setup-Message: v1 */
	bool has_setup_subject;
	bool is_mixed;        /* multipart/mixed */
	size_t n_kept;        /* bytes of the fields that Postfix lets leave */
	enum reason oddity;   /* of a field that leaves */
	enum shape_kind kind; /* what the Content-Type promises */
	uint64_t n_stuffed;   /* dots that the wire alone has */
	struct buf line;      /* the beginning of one that crosses chunks */
	struct header_reader header;
	char *boundary; /* while in the header */
	char *from;
	char *from_why; /* why there is no usable From, or NULL */
	struct shape shape;
};

void message_scan_init(struct message_scan *s);
/* Frees; accepts a zeroed object. For the next message, init again. */
void message_scan_release(struct message_scan *s);

void message_scan_feed(struct message_scan *s, struct slice bytes);
/* All of the message has been fed. */
void message_scan_end(struct message_scan *s);

/*
 * NULL, or what on the wire makes the message one that must be refused
 * (never repaired): a bare CR or LF, a NUL, an over-long line, a lone
 * dot, a last line without CRLF, too large a header. Final once set;
 * bare line ends, NULs and long lines are seen with the byte that makes
 * them so.
 */
const char *message_scan_broken(const struct message_scan *s);

/*
 * The address in the From field, valid until the release. -EINVAL and a
 * reason when the header holds none, two From fields, one with anything
 * but exactly one address, or lines that are not header fields.
 */
int message_scan_from(const struct message_scan *s, struct slice *ret_address,
	struct buf *why) MUST_CHECK;

/* The verdicts, asked after message_scan_end(); never of what is broken. */

/*
 * Why it does not count as encrypted; NONE when it does. Strictly, for
 * outgoing mail, it must not hold what a sender could have written, but
 * for the fields that Postfix drops.
 */
enum reason message_scan_fault(const struct message_scan *s, bool is_strict);

/* An unencrypted request to begin the SecureJoin protocol. */
bool message_scan_is_securejoin(const struct message_scan *s, bool is_strict);
/* multipart/report, From mailer-daemon@... or postmaster@..., Auto-Submitted
 * present. */
bool message_scan_is_bounce(const struct message_scan *s);
/* An Autocrypt Setup Message (Autocrypt 1.1 section 4.4). */
bool message_scan_is_setup(const struct message_scan *s);
/* A control byte in a field that leaves. */
bool message_scan_has_control(const struct message_scan *s);

#endif
