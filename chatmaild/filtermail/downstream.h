/*
 * downstream.h - the connection to the server behind us, for one message.
 *
 * Opening it connects, says EHLO, passes XFORWARD on and sends the MAIL
 * command and the first RCPT, together where the server has PIPELINING
 * (RFC 2920). The reply to that RCPT comes to on_reply, as those to all
 * further commands, one each. Then the message streams. Without
 * downstream_finish() the message never gets its final dot: closing drops
 * it, and nothing is delivered.
 *
 * A connection whose message was taken is parked for a moment, and
 * takes the next message: that saves both sides most of the work on a
 * small one. Where it turns out to be dead before the server has said a
 * word, the message goes over a new one and nobody notices.
 */
#ifndef CHATMAILD_FILTERMAIL_DOWNSTREAM_H
#define CHATMAILD_FILTERMAIL_DOWNSTREAM_H

#include "chatmaild/filtermail/filter.h"

struct downstream;

/* The owner may close the downstream in any of them. */
struct downstream_ops {
	/* The reply to the last command; lines with CRLF. */
	void (*on_reply)(void *owner, struct slice reply);
	/*
	 * It is no to the MAIL command, and so to each recipient; it is to
	 * be closed. Comes instead of the reply to the first RCPT.
	 */
	void (*on_sender_refused)(void *owner, struct slice reply);
	/*
	 * It is over and must be closed: `reply` is what the server said
	 * unasked, or how its silence is to be told: 4xx or 5xx.
	 */
	void (*on_fail)(void *owner, struct slice reply);
	/* What could not be sent at once has been sent. */
	void (*on_drained)(void *owner);
};

/*
 * `opening` is the XFORWARD commands, the MAIL command and a RCPT command,
 * in lines; it is taken over. Negative errno: it cannot even begin to connect.
 */
int downstream_open(struct filter *filter, struct buf *opening,
	const struct downstream_ops *ops, void *owner,
	struct downstream **ret_downstream) MUST_CHECK;
/*
 * Accepts NULL. Parks it after a message was taken; says goodbye where that is
 * polite: between commands.
 */
void downstream_close(struct downstream *d);

/* One command, a line with CRLF. */
void downstream_command(struct downstream *d, struct slice line);
/* A piece of the message. false: stop, until on_drained. */
bool downstream_body(struct downstream *d, struct slice piece) MUST_CHECK;
/* The last piece and the final dot, together. */
void downstream_finish(struct downstream *d, struct slice piece);

/* A deadline of filter->answers has passed. */
void downstream_on_due(struct deadline *deadline);

/* A deadline of filter->parked has passed. */
void downstream_on_parked(struct deadline *deadline);
/* Says goodbye to all that are parked. */
void downstream_clear(struct filter *filter);

/* The reply where no connection can be made. */
extern const struct slice downstream_unreachable;

#endif
