/*
 * injection.h - one message on its way to the filter, by SMTP (RFC 5321).
 *
 * The envelope is given as command lines, of which the last one is DATA; they
 * are said one after the other. The first reply that refuses is the outcome,
 * and so is the reply to the message's end. on_room says that pieces of the
 * message may come; on_outcome comes once. Neither is called from within a
 * call of the owner's. An injection that is freed before its end leaves no
 * message behind.
 */
#ifndef CHATMAILD_MXDELIV_INJECTION_H
#define CHATMAILD_MXDELIV_INJECTION_H

#include <systemd/sd-event.h>

#include "lib/addr.h"
#include "lib/buf.h"

enum {
	/* From a command to its reply; the filter gives up after 90 s. */
	INJECTION_REPLY_SEC = 100,
	/* XFORWARD, MAIL, and a RCPT for each of the recipients. */
	INJECTION_ENVELOPE_MAX_BYTES = 262144,
};

struct injection;

struct injection_ops {
	void (*on_room)(void *owner);
	/* A reply of the filter's, or one of ours that begins with 4. */
	void (*on_outcome)(void *owner, struct slice reply);
};

/* Takes what is in `envelope`, lines with CRLF. */
int injection_new(sd_event *event, const struct addr *filter,
	struct buf *envelope, const struct injection_ops *ops, void *owner,
	struct injection **ret_injection) MUST_CHECK;
void injection_free(struct injection *i); /* accepts NULL */

/* Pieces may come. */
bool injection_has_room(const struct injection *i);
/* Dots are stuffed, and a bare LF becomes a line end, as Postfix does it. */
void injection_add(struct injection *i, struct slice piece);
/* The message is whole. */
void injection_end(struct injection *i);

#endif
