/*
 * smtp-session.h - the server's side of an SMTP session (RFC 5321), as a
 * filter between two mail servers needs it: PIPELINING (RFC 2920), SIZE,
 * 8BITMIME, SMTPUTF8, XFORWARD.
 *
 * No I/O: bytes of the client are fed, replies are appended to `out`, and
 * what somebody has to decide comes out as an event. After SMTP_MAIL,
 * SMTP_RCPT, SMTP_DATA and SMTP_DOT the session waits: it takes no byte
 * until smtp_session_answer() has given the client a reply, whose first
 * digit moves the state. What it knows to answer, it answers itself.
 *
 * Strict: lines end in CRLF, and nothing but CRLF "." CRLF ends a
 * message. Whether the bytes of a message are sound is not judged here.
 */
#ifndef MAIL_SMTP_SESSION_H
#define MAIL_SMTP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "mail/smtp-command.h"

enum {
	/* Beyond: 452 (RFC 5321 section 4.5.3.1.8 asks for 100). */
	SMTP_RECIPIENTS_MAX = 1000,
	/* Bad commands in one session; beyond: 421. */
	SMTP_ERRORS_MAX = 20,
};

enum smtp_state {
	SMTP_STATE_NEW,   /* no EHLO yet */
	SMTP_STATE_READY, /* no transaction */
	SMTP_STATE_SENDER,
	SMTP_STATE_RECIPIENT, /* one or more */
	SMTP_STATE_BODY,
	SMTP_STATE_CLOSED, /* takes and answers nothing */
};

enum smtp_event {
	SMTP_NOTHING, /* the rest of the input is not a whole command yet */
	SMTP_HANDLED, /* the session has answered */
	SMTP_XFORWARD,
	SMTP_MAIL,  /* waits */
	SMTP_RCPT,  /* waits */
	SMTP_DATA,  /* waits; 354 begins the message */
	SMTP_BODY,  /* a piece of the message, dots still stuffed */
	SMTP_DOT,   /* waits: the message is over */
	SMTP_RESET, /* RSET, EHLO: forget transaction and XFORWARD */
	SMTP_QUIT,  /* send what is in `out`, then close */
};

/* What came with the event; slices into the bytes that were fed. */
struct smtp_input {
	enum smtp_event event;
	struct slice line;    /* the command with its CRLF, as it came */
	struct slice path;    /* sender or recipient, without brackets */
	struct slice body;    /* SMTP_BODY */
	bool is_end_in_sight; /* SMTP_BODY: the final dot follows it */
};

struct smtp_profile {
	const char *hostname;
	uint64_t size_max; /* bytes of a message; MAIL SIZE= beyond: 552 */
};

struct smtp_session {
	const struct smtp_profile *profile;
	enum smtp_state state;
	enum smtp_event awaited; /* what waits for an answer */
	uint16_t n_recipients;
	uint16_t n_errors;
	bool is_skipping;      /* the rest of an over-long line */
	bool is_after_cr;      /* the last byte of the message was a CR */
	bool is_at_line_start; /* of the message */
};

/* Greets: 220. */
void smtp_session_init(struct smtp_session *s,
	const struct smtp_profile *profile, struct buf *out);

/*
 * Takes at most one command, or one piece of a message, from the front
 * of `in`; returns how many bytes that was. SMTP_NOTHING: feed again when
 * more has arrived, with what was not taken in front of it.
 */
size_t smtp_session_feed(struct smtp_session *s, struct slice in,
	struct buf *out, struct smtp_input *ret_input) MUST_CHECK;

/*
 * The reply to what is awaited: one or more whole lines with CRLF. After
 * SMTP_DATA anything but 354 leaves the transaction as it was.
 */
void smtp_session_answer(
	struct smtp_session *s, struct slice reply, struct buf *out);

bool smtp_session_is_waiting(const struct smtp_session *s);

#endif
