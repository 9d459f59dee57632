/*
 * incoming.h - how mail from outside goes on, beside what client.c does.
 *
 * Nothing is said to the server behind us before the header is over: only
 * then it is known whether the envelope's sender is the one in From. MAIL,
 * RCPT and DATA are answered here and said together later; what the server
 * has against any of them is the reply to the message.
 */
#ifndef CHATMAILD_FILTERMAIL_INCOMING_H
#define CHATMAILD_FILTERMAIL_INCOMING_H

#include "chatmaild/filtermail/downstream.h"
#include "chatmaild/filtermail/transaction.h"
#include "lib/conn.h"

struct client {
	struct client *prev, *next;
	struct filter *filter;
	struct conn *conn;
	struct smtp_session session;
	struct deadline idle;
	struct transaction *transaction; /* NULL between messages */
	struct downstream *down;
	bool is_blocked;   /* by a downstream that takes no more yet */
	bool is_opening;   /* incoming: the downstream is not ready yet */
	struct slice tail; /* of the message: from its body to its dot */
	struct buf held;   /* of the message, until it can be sent on */
};

/* Of client.c: the ops of a downstream, and what ends in them. */
void client_on_reply(void *owner, struct slice reply);
void client_on_fail(void *owner, struct slice reply);
void client_on_drained(void *owner);
void client_send_body(struct client *c, struct slice piece);
void client_finish(struct client *c, struct slice tail);

/* Keeps a piece that cannot be sent on yet, or a dot's tail. */
void incoming_hold(struct client *c, struct slice piece);
/* Nothing is waited for: the message may be judged at its dot. */
bool incoming_is_ready(const struct client *c);
/* What was waited for has come: finishes when the dot has, too. */
void incoming_try_finish(void *owner);

#endif
