/*
 * mail-client.h - the client's side of IMAP, SMTP and LMTP for tests and
 * benches: lines out, lines in, on a plain or a TLS connection. It trusts
 * any certificate: it is for servers on loopback.
 *
 * Every call waits at most MAIL_CLIENT_WAIT_MSEC, so that a server that
 * hangs ends a test and not the day. A reason in `why` names the address
 * and what the server said.
 */
#ifndef TESTS_CLIENT_MAIL_CLIENT_H
#define TESTS_CLIENT_MAIL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/buf.h"

enum {
	MAIL_CLIENT_WAIT_MSEC = 60000,
	MAIL_CLIENT_LINE_MAX_BYTES = 1 << 20,
};

struct gnutls_session_int;

struct mail_client {
	int fd;
	struct gnutls_session_int *tls; /* NULL: plain */
	struct buf in;
	size_t taken; /* of `in`, by the last line that was handed out */
	unsigned n_tags;
	char name[128]; /* of the server, for reasons */
};

/* `address` is as in lib/addr.h. */
int mail_client_open(struct mail_client *c, const char *address, bool is_tls,
	struct buf *why) MUST_CHECK;
/* Accepts a zeroed object. */
void mail_client_close(struct mail_client *c);

int mail_client_send(
	struct mail_client *c, struct slice bytes, struct buf *why) MUST_CHECK;

/*
 * The next line without its CRLF, valid until the next call: 1. 0 when
 * none came in `msec` (0: takes what is there); negative when the
 * connection broke.
 */
int mail_client_line(
	struct mail_client *c, int msec, struct slice *ret_line) MUST_CHECK;

/* Reads up to the first line that begins with `start`. */
int mail_client_until(struct mail_client *c, const char *start,
	struct slice *ret_line, struct buf *why) MUST_CHECK;

/* Reads up to `* N EXISTS` with N at least `n`. */
int mail_client_exists(
	struct mail_client *c, uint64_t n, struct buf *why) MUST_CHECK;

/* The N of the line `* N EXISTS`; 0 for any other. */
uint64_t mail_client_exists_in(struct slice line);

/* An IMAP command, without its tag; -EPROTO when the answer is not OK. */
int mail_client_imap(struct mail_client *c, struct buf *why, const char *format,
	...) PRINTF_LIKE(3, 4) MUST_CHECK;

/* Greeting and LOGIN. Users and passwords need no quotes. */
int mail_client_imap_authenticate(struct mail_client *c, const char *user,
	const char *password, struct buf *why) MUST_CHECK;
/* The same, and SELECT INBOX. */
int mail_client_imap_login(struct mail_client *c, const char *user,
	const char *password, struct buf *why) MUST_CHECK;
/* IDLE, up to the server's `+`. DONE and its answer. */
int mail_client_idle(struct mail_client *c, struct buf *why) MUST_CHECK;
int mail_client_done(struct mail_client *c, struct buf *why) MUST_CHECK;

/*
 * An SMTP or LMTP command (NULL: none, the greeting is read) and its
 * reply; -EPROTO when the code does not begin with `digit`.
 */
int mail_client_smtp(struct mail_client *c, char digit, const char *command,
	struct buf *why) MUST_CHECK;

/* Greeting, EHLO and AUTH PLAIN of submission. */
int mail_client_submission_login(struct mail_client *c, const char *user,
	const char *password, struct buf *why) MUST_CHECK;

struct mail_client_letter {
	const char *sender;
	const char *recipient;
	struct slice text; /* CRLF, dot-stuffed, ends in CRLF */
};

/* One transaction, up to the reply after the final dot. */
int mail_client_deliver(struct mail_client *c,
	const struct mail_client_letter *letter, struct buf *why) MUST_CHECK;

#endif
