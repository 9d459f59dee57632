/*
 * mail.h - IMAP (RFC 3501) and SMTP (RFC 5321) with a relay, as a client
 * speaks them: a command, and what the server said to it.
 *
 * Functions return 0 or a negative errno; the reason is in *why (of a
 * struct probe_relay: p->why) and quotes the server.
 */
#ifndef CMDEPLOY_PROBE_MAIL_H
#define CMDEPLOY_PROBE_MAIL_H

#include "cmdeploy/probe/probe.h"
#include "cmdeploy/probe/wire.h"

enum {
	MAIL_SAID_MAX_BYTES = 1 << 21,
	PORT_SMTP = 25,
	PORT_HTTP = 80,
	PORT_IMAP = 143,
	PORT_HTTPS = 443,
	PORT_SUBMISSIONS = 465,
	PORT_SUBMISSION = 587,
	PORT_IMAPS = 993,
};

struct mail {
	struct wire wire;
	unsigned n_tags;
	unsigned n_limited; /* messages that a rate limit held up */
	struct buf said;    /* to the last command, lines ended by LF */
};

#define AUTO_MAIL __attribute__((cleanup(mail_close)))
#define MAIL_NONE ((struct mail){ .wire = WIRE_NONE })

/* The first address of the relay that takes the connection. */
int mail_connect(const struct probe_relay *p, struct mail *m, unsigned port,
	struct buf *why) MUST_CHECK;
/* TLS for the relay's name, with the ALPN protocol `alpn` (or NULL). */
int mail_start_tls(const struct probe_relay *p, struct mail *m,
	const char *alpn, struct buf *why) MUST_CHECK;
void mail_close(struct mail *m);

/* IMAP by TLS, up to the greeting; LOGIN. */
int mail_imap_open(const struct probe_relay *p, struct mail *m,
	struct buf *why) MUST_CHECK;
int mail_imap_auth(struct mail *m, const struct probe_account *account,
	struct buf *why) MUST_CHECK;
/* Both. */
int mail_imap_login(const struct probe_relay *p, struct mail *m,
	const struct probe_account *account, struct buf *why) MUST_CHECK;
/* -EACCES when the server said NO, -EPROTO when it said something else. */
int mail_imap(struct mail *m, struct buf *why, const char *format, ...)
	PRINTF_LIKE(3, 4) MUST_CHECK;
/* What a command has announced by {N}, and the answer to the whole. */
int mail_imap_literal(
	struct mail *m, struct slice bytes, struct buf *why) MUST_CHECK;
/* Selects a folder, and deletes all that is in it. */
int mail_empty(struct mail *m, const char *folder, struct buf *why) MUST_CHECK;
/* Waits until a message is there, and reads the first one into m->said. */
int mail_fetch_first(struct mail *m, struct buf *why) MUST_CHECK;
/* A line of what it said begins with this. */
bool mail_has_line(const struct mail *m, const char *start);

/* SMTP submission by TLS, up to EHLO; the same and AUTH. */
int mail_smtp_open(const struct probe_relay *p, struct mail *m,
	struct buf *why) MUST_CHECK;
int mail_smtp_login(const struct probe_relay *p, struct mail *m,
	const struct probe_account *account, struct buf *why) MUST_CHECK;
/* The same on port 25, as another server comes: without a login. */
int mail_stranger_open(const struct probe_relay *p, struct mail *m,
	struct buf *why) MUST_CHECK;
/* The code of the reply; `command` NULL: only a reply is read. */
int mail_smtp(struct mail *m, struct buf *why, const char *command) MUST_CHECK;
/* The same; -EPROTO when the code is another one. */
int mail_smtp_expect(struct mail *m, int code, struct buf *why,
	const char *format, ...) PRINTF_LIKE(4, 5) MUST_CHECK;
/* The command AUTH PLAIN, with its secret, without CRLF. */
void mail_add_auth(struct buf *out, const struct probe_account *account);
/* AUTH PLAIN: 0, -EACCES when it was refused. */
int mail_smtp_auth(struct mail *m, const struct probe_account *account,
	struct buf *why) MUST_CHECK;

/* RSET, which leaves what was said to the command before it. */
int mail_reset(struct mail *m) MUST_CHECK;

/* The error, with what the server said last as the reason. */
int mail_refused(const struct mail *m, int error, struct buf *why);

/* The account of a role, made by a first login when there is none. */
int mail_account(struct probe_relay *p, const char *role,
	const struct probe_account **ret_account) MUST_CHECK;

#endif
