/* client.c - what an SMTP session of Postfix asks for, done. */
#include "chatmaild/filtermail/client.h"

#include <string.h>

#include "chatmaild/filtermail/incoming.h"
#include "chatmaild/filtermail/outcome.h"
#include "lib/conn.h"
#include "lib/log.h"
#include "lib/loop.h"

static void close_down(struct client *c)
{
	downstream_close(c->down);
	c->down = NULL;
	c->is_blocked = false;
	c->is_opening = false;
	buf_release(&c->held);
}

static void forget_transaction(struct client *c)
{
	close_down(c);
	/* Of a message whose other recipients had it, the outcome counts. */
	if (c->transaction && c->transaction->has_bad_recipient)
		outcome_count_refused(
			c->filter, c->transaction, REASON_BAD_ADDRESS);
	transaction_free(c->transaction);
	c->transaction = NULL;
}

static struct transaction *need_transaction(struct client *c)
{
	if (!c->transaction)
		c->transaction =
			transaction_new(c->filter, incoming_try_finish, c);
	return c->transaction;
}

/* Gives the reply to what the session waits for. */
static void answer(struct client *c, struct slice reply)
{
	smtp_session_answer(&c->session, reply, conn_out(c->conn));
	conn_resume(c->conn);
}

/* A reply that ends the transaction; `reply` may be part of it. */
static void answer_and_forget(struct client *c, struct slice reply)
{
	answer(c, reply);
	forget_transaction(c);
}

/*
 * What the server behind us answers is handed on; the state of our
 * session moves with it.
 */
void client_on_reply(void *owner, struct slice reply)
{
	struct client *c = owner;
	enum smtp_event awaited = c->session.awaited;

	if (awaited == SMTP_RCPT && reply.ptr[0] == '2')
		transaction_take_recipient(c->transaction);
	if (awaited == SMTP_DOT) {
		outcome_answered(c->filter, c->transaction, reply);
		answer_and_forget(c, reply);
	} else {
		answer(c, reply);
	}
	conn_send(c->conn, SLICE_NONE);
}

static void on_sender_refused(void *owner, struct slice reply)
{
	struct client *c = owner;

	transaction_refuse(c->transaction, REASON_SERVER, reply);
	answer(c, reply);
	close_down(c);
	conn_send(c->conn, SLICE_NONE);
}

/* Without the server: what is awaited fails now, a message at its end. */
void client_on_fail(void *owner, struct slice reply)
{
	struct client *c = owner;

	transaction_refuse(c->transaction, REASON_DOWNSTREAM, reply);
	if (!smtp_session_is_waiting(&c->session)) {
		close_down(c);
		conn_resume(c->conn);
		return;
	}
	bool is_message = c->session.awaited == SMTP_DOT;
	if (is_message)
		outcome_refused(c->filter, c->transaction, REASON_DOWNSTREAM);
	answer(c, reply);
	if (is_message)
		forget_transaction(c);
	else
		close_down(c);
	conn_send(c->conn, SLICE_NONE);
}

void client_on_drained(void *owner)
{
	struct client *c = owner;

	c->is_blocked = false;
	conn_resume(c->conn);
}

static const struct downstream_ops downstream_ops = {
	.on_reply = client_on_reply,
	.on_sender_refused = on_sender_refused,
	.on_fail = client_on_fail,
	.on_drained = client_on_drained,
};

static void do_xforward(struct client *c, const struct smtp_input *input)
{
	struct transaction *t = need_transaction(c);

	if (t->opening.len + input->line.len <= XFORWARD_MAX_BYTES)
		buf_add_slice(&t->opening, input->line);
	transaction_set_client(t, input->line);
}

static bool is_incoming(const struct client *c)
{
	return c->filter->direction == POLICY_INCOMING;
}

static bool is_over_rate(struct client *c,
	bool (*ask)(struct rate *, struct slice, unsigned, uint64_t))
{
	const struct transaction *t = c->transaction;

	return !is_incoming(c) &&
		!ask(c->filter->rate, buf_slice(&t->sender), t->n_recipients,
			loop_usec(c->filter->event));
}

static void refuse_rate(struct client *c)
{
	AUTO_BUF struct buf reply = BUF_INIT(REPLY_MAX_BYTES);

	outcome_refused(c->filter, c->transaction, REASON_RATE);
	policy_reply_rate(buf_slice(&c->transaction->sender), &reply);
	answer(c, buf_slice(&reply));
}

static void do_mail(struct client *c, const struct smtp_input *input)
{
	struct transaction *t = need_transaction(c);

	transaction_set_sender(t, input->path);
	buf_add_slice(is_incoming(c) ? &t->mail : &t->opening, input->line);
	if (!is_over_rate(c, rate_has_room)) {
		answer(c, SLICE("250 2.1.0 Ok\r\n"));
		return;
	}
	refuse_rate(c);
	forget_transaction(c);
}

static void send_recipient(struct client *c, struct slice line)
{
	struct transaction *t = c->transaction;

	if (c->down) {
		downstream_command(c->down, line);
		return;
	}
	buf_add_slice(&t->opening, line);
	if (downstream_open(
		    c->filter, &t->opening, &downstream_ops, c, &c->down) == 0)
		return;
	transaction_refuse(t, REASON_DOWNSTREAM, downstream_unreachable);
	answer(c, downstream_unreachable);
}

static void do_rcpt(struct client *c, const struct smtp_input *input)
{
	struct transaction *t = c->transaction;
	AUTO_BUF struct buf reply = BUF_INIT(REPLY_MAX_BYTES);

	if (!transaction_offer_recipient(t, input->path, &reply)) {
		t->has_bad_recipient = true;
		outcome_log_refused(t, REASON_BAD_ADDRESS);
		answer(c, buf_slice(&reply));
	} else if (t->reason) {
		answer(c, buf_slice(&t->refusal));
	} else if (is_incoming(c)) {
		answer(c, transaction_keep_recipient(t, input->line));
	} else {
		send_recipient(c, input->line);
	}
}

static void do_data(struct client *c, const struct smtp_input *input)
{
	struct transaction *t = c->transaction;

	if (t->reason) {
		answer(c, buf_slice(&t->refusal));
	} else if (is_over_rate(c, rate_take)) {
		refuse_rate(c);
	} else if (is_incoming(c)) {
		answer(c, SLICE("354 End data with <CR><LF>.<CR><LF>\r\n"));
	} else {
		downstream_command(c->down, input->line);
	}
}

void client_send_body(struct client *c, struct slice piece)
{
	c->is_blocked = !downstream_body(c->down, piece);
	if (c->is_blocked)
		conn_pause(c->conn);
}

void client_finish(struct client *c, struct slice tail)
{
	struct transaction *t = c->transaction;

	if (transaction_judge(t)) {
		downstream_finish(c->down, tail);
		return;
	}
	outcome_refused(c->filter, c->transaction, t->reason);
	answer_and_forget(c, buf_slice(&t->refusal));
}

static void do_body(struct client *c, const struct smtp_input *input)
{
	if (!transaction_feed(c->transaction, input->body)) {
		close_down(c);
		return;
	}
	if (is_incoming(c) && (!c->down || c->is_opening)) {
		incoming_hold(c, input->body);
		return;
	}
	if (input->is_end_in_sight) {
		c->tail = input->body;
		return;
	}
	client_send_body(c, input->body);
}

static void do_dot(struct client *c, const struct smtp_input *input UNUSED)
{
	struct slice tail = c->tail;

	c->tail = SLICE_NONE;
	transaction_end(c->transaction);
	if (incoming_is_ready(c)) {
		client_finish(c, tail);
		return;
	}
	incoming_hold(c, tail);
	incoming_try_finish(c);
}

static void do_reset(struct client *c, const struct smtp_input *input UNUSED)
{
	forget_transaction(c);
}

static void (*const handlers[])(struct client *, const struct smtp_input *) = {
	[SMTP_XFORWARD] = do_xforward,
	[SMTP_MAIL] = do_mail,
	[SMTP_RCPT] = do_rcpt,
	[SMTP_DATA] = do_data,
	[SMTP_BODY] = do_body,
	[SMTP_DOT] = do_dot,
	[SMTP_RESET] = do_reset,
	[SMTP_QUIT] = NULL,
};

/* A connection that is handed over is no longer the client's. */
static void let_go(struct client *c)
{
	c->conn = NULL;
	client_free(c);
}

/* Sends what is to be sent, and ends the connection. */
static void hang_up(struct client *c)
{
	conn_close_when_sent(c->conn);
	let_go(c);
}

/* After QUIT, or after too many errors, of which more may be coming. */
static void quit(struct client *c, const struct smtp_input *input)
{
	if (!slice_starts_nocase(input->line, SLICE("QUIT"))) {
		hang_up(c);
		return;
	}
	conn_close_together(c->conn);
	let_go(c);
}

/* false: the client is gone. */
static bool handle(struct client *c, const struct smtp_input *input)
{
	if (handlers[input->event])
		handlers[input->event](c, input);
	if (input->event == SMTP_QUIT) {
		quit(c, input);
		return false;
	}
	struct transaction *t = c->transaction;
	if (!t || !transaction_is_flood(t))
		return true;
	outcome_refused(c->filter, c->transaction, t->reason);
	buf_add_slice(conn_out(c->conn), buf_slice(&t->refusal));
	hang_up(c);
	return false;
}

/* A client that asks much and reads little waits. */
static bool is_congested(struct client *c)
{
	if (conn_pending(c->conn) < CLIENT_OUT_PAUSE_BYTES)
		return false;
	conn_send(c->conn, SLICE_NONE);
	return conn_pending(c->conn) >= CLIENT_OUT_PAUSE_BYTES;
}

static size_t on_input(struct conn *conn, struct slice in)
{
	struct client *c = conn_owner(conn);
	struct smtp_input input;
	size_t used = 0;

	deadline_start(&c->filter->idle, &c->idle);
	do {
		used += smtp_session_feed(&c->session, slice_from(in, used),
			conn_out(conn), &input);
		if (!handle(c, &input))
			return in.len;
		/* A tail is a part of `in`, which is gone when we return. */
	} while (input.event != SMTP_NOTHING &&
		(c->tail.len > 0 || !is_congested(c)));
	bool is_waiting = smtp_session_is_waiting(&c->session);
	if (used < in.len && (is_waiting || is_congested(c)))
		conn_pause(conn);
	return used;
}

static void on_drained(struct conn *conn)
{
	struct client *c = conn_owner(conn);

	if (!c->is_blocked && !c->is_opening)
		conn_resume(conn);
}

static void on_end(struct conn *conn, int error)
{
	struct client *c = conn_owner(conn);

	if (c->transaction && c->session.state >= SMTP_STATE_SENDER)
		log_notice("client lost: error=%s size=%llu",
			error ? strerrordesc_np(-error) : "closed",
			(unsigned long long)c->transaction->size);
	client_free(c);
}

static const struct conn_ops conn_ops = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_end = on_end,
};

static const struct conn_limits limits = {
	.in_max = CLIENT_IN_MAX_BYTES,
	.out_max = CLIENT_OUT_MAX_BYTES,
};

void client_accept(struct filter *filter, int fd)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->filter = filter;
	c->held = BUF_INIT(HELD_MAX_BYTES);
	int r = conn_new(filter->event, fd, &conn_ops, &limits, c, &c->conn);
	if (r < 0) {
		log_warning("accept failed: error=%s", strerrordesc_np(-r));
		free(c);
		return;
	}
	c->next = filter->clients;
	if (c->next)
		c->next->prev = c;
	filter->clients = c;
	deadline_start(&filter->idle, &c->idle);
	smtp_session_init(&c->session, &filter->profile, conn_out(c->conn));
	conn_send(c->conn, SLICE_NONE);
}

void client_free(struct client *c)
{
	*(c->prev ? &c->prev->next : &c->filter->clients) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	deadline_stop(&c->idle);
	forget_transaction(c);
	buf_release(&c->held);
	conn_close(c->conn);
	free(c);
}

void client_on_due(struct deadline *deadline)
{
	struct client *c = CONTAINER_OF(deadline, struct client, idle);

	buf_add_str(conn_out(c->conn), "421 4.4.2 Idle for too long\r\n");
	hang_up(c);
}
