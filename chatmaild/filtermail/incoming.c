/* Mail from outside, from the end of its header to its final dot. */
#include "chatmaild/filtermail/incoming.h"

static struct buf take_held(struct client *c)
{
	struct buf held = c->held;

	c->held = BUF_INIT(HELD_MAX_BYTES);
	return held;
}

bool incoming_is_ready(const struct client *c)
{
	const struct transaction *t = c->transaction;

	return !transaction_is_waiting(t) && !c->is_opening &&
		(c->down || t->reason);
}

/* The dot may have come; is all known that it has been waiting for? */
void incoming_try_finish(void *owner)
{
	struct client *c = owner;

	if (c->session.awaited != SMTP_DOT || !incoming_is_ready(c))
		return;
	AUTO_BUF struct buf held = take_held(c);
	client_finish(c, buf_slice(&held));
	conn_send(c->conn, SLICE_NONE);
}

/* First the answer to DATA, or what was refused before it. */
static void on_incoming_reply(void *owner, struct slice reply)
{
	struct client *c = owner;

	if (!c->is_opening) {
		client_on_reply(c, reply);
		return;
	}
	c->is_opening = false;
	if (reply.ptr[0] != '3') {
		client_on_fail(c, reply);
	} else if (c->session.awaited == SMTP_DOT) {
		incoming_try_finish(c);
	} else {
		AUTO_BUF struct buf held = take_held(c);
		client_send_body(c, buf_slice(&held));
		if (!c->is_blocked)
			conn_resume(c->conn);
	}
}

static const struct downstream_ops incoming_ops = {
	.on_reply = on_incoming_reply,
	.on_sender_refused = client_on_fail,
	.on_fail = client_on_fail,
	.on_drained = client_on_drained,
};

/* The header is over, and so the sender is known. */
static void open_down(struct client *c)
{
	struct transaction *t = c->transaction;

	transaction_make_opening(t);
	c->is_opening = true;
	if (downstream_open(
		    c->filter, &t->opening, &incoming_ops, c, &c->down) == 0)
		return;
	c->is_opening = false;
	transaction_refuse(t, REASON_DOWNSTREAM, downstream_unreachable);
}

void incoming_hold(struct client *c, struct slice piece)
{
	struct transaction *t = c->transaction;

	buf_add_slice(&c->held, piece);
	if (!buf_ok(&c->held))
		transaction_refuse(t, REASON_BROKEN,
			SLICE("554 5.6.0 Message refused: header too "
			      "large\r\n"));
	else if (!c->down && t->scan.is_in_body)
		open_down(c);
	if (c->is_opening)
		conn_pause(c->conn);
}
