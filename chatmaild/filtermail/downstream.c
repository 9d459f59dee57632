/* downstream.c - the SMTP client: one state for each thing it waits for. */
#include "chatmaild/filtermail/downstream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/conn.h"
#include "lib/die.h"
#include "lib/log.h"
#include "mail/smtp-reply.h"

enum phase {
	PHASE_BANNER,  /* awaits 220 */
	PHASE_EHLO,    /* awaits its 250 */
	PHASE_OPENING, /* awaits those to XFORWARD, MAIL and a RCPT */
	PHASE_IDLE,    /* between commands; nothing is awaited */
	PHASE_COMMAND, /* awaits one reply */
	PHASE_BODY,    /* nothing is awaited; goodbye is not possible */
	PHASE_FINISH,  /* awaits the reply to the final dot */
	PHASE_DONE,    /* it was yes; the next message may be said */
	PHASE_PARKED,  /* the same, and nobody owns it */
	PHASE_OVER,    /* nothing can be said any more */
};

struct downstream {
	struct conn *conn;
	struct filter *filter;
	const struct downstream_ops *ops;
	void *owner;
	struct deadline deadline;
	struct buf opening; /* what of it has not been sent */
	struct buf again;   /* all of it, while a parked one may be dead */
	unsigned n_due;     /* replies to the opening yet to come */
	unsigned n_taken;   /* messages */
	enum phase phase;
	bool is_pipelining;
	bool knows_xforward;
	bool has_xforward; /* a client was described to the server */
	bool has_more;     /* the server said more than was asked for */
};

const struct slice downstream_unreachable =
	SLICE("451 4.3.0 Mail server is not reachable, try again later\r\n");
static const struct slice is_silent =
	SLICE("451 4.3.0 Mail server does not answer, try again later\r\n");
static const struct slice is_gone =
	SLICE("451 4.3.0 Mail server broke the connection off, "
	      "try again later\r\n");
static const struct slice is_strange =
	SLICE("451 4.3.0 Mail server answers strangely, try again later\r\n");

/*
 * The handlers below give true while d goes on by itself; after a call
 * of the owner, who may have closed it, false.
 */

static bool fail(struct downstream *d, struct slice reply)
{
	deadline_stop(&d->deadline);
	d->phase = PHASE_OVER;
	d->ops->on_fail(d->owner, reply);
	return false;
}

static void await(struct downstream *d, enum phase phase)
{
	d->phase = phase;
	deadline_start(&d->filter->answers, &d->deadline);
}

static bool is_error(const struct smtp_reply *reply)
{
	return reply->code >= 400;
}

static bool fail_by_reply(struct downstream *d, const struct smtp_reply *reply)
{
	if (is_error(reply))
		return fail(d, reply->text);
	log_warning("downstream failed: error=strange code=%d", reply->code);
	return fail(d, is_strange);
}

/* Sends one line of the opening, or with PIPELINING all. */
static void send_opening(struct downstream *d)
{
	struct slice piece = buf_slice(&d->opening);
	struct slice rest = piece;
	struct slice line;

	if (!d->is_pipelining) {
		slice_next_line(&rest, &line);
		piece = slice_make(line.ptr, line.len + 1);
	}
	conn_send(d->conn, piece);
	buf_consume(&d->opening, piece.len);
	if (d->opening.len == 0)
		buf_release(&d->opening);
}

/* XFORWARD lines go only where they are understood. */
static void drop_xforward(struct buf *opening)
{
	struct slice rest = buf_slice(opening);
	struct slice line;

	while (slice_starts_nocase(rest, SLICE("XFORWARD")))
		slice_next_line(&rest, &line);
	buf_consume(opening, opening->len - rest.len);
}

static bool has_xforward(const struct buf *opening)
{
	return slice_starts_nocase(buf_slice(opening), SLICE("XFORWARD"));
}

static unsigned count_lines(struct slice rest)
{
	struct slice line;
	unsigned n = 0;

	while (slice_next_line(&rest, &line))
		n++;
	return n;
}

static void begin_opening(struct downstream *d)
{
	if (!d->knows_xforward)
		drop_xforward(&d->opening);
	d->has_xforward = has_xforward(&d->opening);
	d->n_due = count_lines(buf_slice(&d->opening));
	d->phase = PHASE_OPENING;
	send_opening(d);
}

static bool on_banner(struct downstream *d, const struct smtp_reply *reply)
{
	AUTO_BUF struct buf line = BUF_INIT(REPLY_MAX_BYTES);

	if (reply->code != 220)
		return fail_by_reply(d, reply);
	buf_addf(&line, "EHLO %s\r\n", d->filter->profile.hostname);
	conn_send(d->conn, buf_slice(&line));
	d->phase = PHASE_EHLO;
	return true;
}

static bool on_ehlo(struct downstream *d, const struct smtp_reply *reply)
{
	unsigned extensions = smtp_reply_extensions(reply);

	if (reply->code != 250)
		return fail_by_reply(d, reply);
	d->is_pipelining = extensions & SMTP_PIPELINING;
	d->knows_xforward = extensions & SMTP_XFORWARD_OK;
	begin_opening(d);
	return true;
}

/*
 * Postfix counts the errors of a connection and slows it down, until a
 * message is taken: only then the next one starts as if it were the first.
 */
static enum phase phase_after(
	const struct downstream *d, const struct smtp_reply *reply)
{
	if (d->phase == PHASE_FINISH && !is_error(reply))
		return PHASE_DONE;
	return reply->code == 354 ? PHASE_BODY : PHASE_IDLE;
}

static bool deliver(struct downstream *d, const struct smtp_reply *reply)
{
	deadline_stop(&d->deadline);
	d->phase = phase_after(d, reply);
	d->ops->on_reply(d->owner, reply->text);
	return false;
}

static bool refuse_sender(struct downstream *d, const struct smtp_reply *reply)
{
	deadline_stop(&d->deadline);
	d->phase = PHASE_IDLE;
	d->ops->on_sender_refused(d->owner, reply->text);
	return false;
}

static bool on_opening(struct downstream *d, const struct smtp_reply *reply)
{
	d->n_due--;
	if (d->n_due == 0)
		return deliver(d, reply);
	if (d->n_due == 1 && is_error(reply))
		return refuse_sender(d, reply);
	if (reply->code != 250)
		return fail_by_reply(d, reply);
	if (d->opening.len > 0)
		send_opening(d);
	return true;
}

static void free_parked(struct downstream *d)
{
	d->filter->n_parked--;
	deadline_stop(&d->deadline);
	conn_close(d->conn);
	free(d);
}

static bool begin_again(struct downstream *d);

static bool on_reply(struct downstream *d, const struct smtp_reply *reply)
{
	if (d->again.len > 0) {
		/* "421" here is to the silence before, not to us. */
		if (reply->code == 421)
			return begin_again(d);
		buf_release(&d->again);
	}
	switch (d->phase) {
	case PHASE_BANNER:
		return on_banner(d, reply);
	case PHASE_EHLO:
		return on_ehlo(d, reply);
	case PHASE_OPENING:
		return on_opening(d, reply);
	case PHASE_COMMAND:
	case PHASE_FINISH:
		return deliver(d, reply);
	case PHASE_IDLE:
	case PHASE_BODY:
	case PHASE_DONE:
		return fail_by_reply(d, reply);
	case PHASE_PARKED:
	case PHASE_OVER:
		return true;
	}
	bug("no such phase");
}

static size_t on_input(struct conn *c, struct slice in)
{
	struct downstream *d = conn_owner(c);
	struct smtp_reply reply;
	size_t used = 0;

	if (d->phase == PHASE_PARKED) {
		free_parked(d);
		return in.len;
	}
	for (;;) {
		ssize_t n = smtp_reply_parse(slice_from(in, used), &reply);
		if (n < 0) {
			log_warning("downstream failed: error=no-reply");
			fail(d, is_strange);
			return in.len;
		}
		used += (size_t)n;
		d->has_more = used < in.len;
		if (n == 0 || !on_reply(d, &reply))
			return used;
	}
}

static void on_drained(struct conn *c)
{
	struct downstream *d = conn_owner(c);

	if (d->phase != PHASE_BODY)
		return;
	deadline_stop(&d->deadline);
	d->ops->on_drained(d->owner);
}

static void on_end(struct conn *c, int error)
{
	struct downstream *d = conn_owner(c);
	bool is_refused = error == -ECONNREFUSED;

	if (d->phase == PHASE_PARKED) {
		free_parked(d);
		return;
	}
	if (d->again.len > 0) {
		begin_again(d);
		return;
	}
	log_warning("downstream failed: error=%s",
		error ? strerrordesc_np(-error) : "closed");
	fail(d, is_refused ? downstream_unreachable : is_gone);
}

static const struct conn_ops conn_ops = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_end = on_end,
};

static const struct conn_limits limits = {
	.in_max = SMTP_REPLY_MAX_BYTES * 2,
	.out_max = DOWNSTREAM_OUT_MAX_BYTES,
};

static int reconnect(struct downstream *d)
{
	int r = conn_connect(d->filter->event, &d->filter->forward, &conn_ops,
		&limits, d, &d->conn);

	if (r < 0)
		log_warning("downstream failed: error=%s", strerrordesc_np(-r));
	return r;
}

static bool begin_again(struct downstream *d)
{
	conn_close(d->conn);
	d->conn = NULL;
	buf_release(&d->opening);
	d->opening = d->again;
	d->again = BUF_INIT(0);
	d->n_taken = 0;
	d->phase = PHASE_BANNER; /* the client has waited since */
	if (reconnect(d) < 0)
		return fail(d, downstream_unreachable);
	return false;
}

static struct downstream *last_parked(const struct filter *filter)
{
	struct deadline *last = filter->parked.list.prev;

	return CONTAINER_OF(last, struct downstream, deadline);
}

/* Open, and not a byte that would be taken for a reply. */
static bool is_quiet(const struct downstream *d)
{
	char byte;

	return recv(conn_fd(d->conn), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
		errno == EAGAIN;
}

/*
 * One that is parked, or NULL. Postfix forgets XFORWARD after every
 * message; another server may not, so a client that is not described
 * to it gets no connection on which one was.
 */
static struct downstream *unpark(
	struct filter *filter, const struct buf *opening)
{
	while (filter->n_parked > 0 && !is_quiet(last_parked(filter)))
		free_parked(last_parked(filter));
	if (filter->n_parked == 0)
		return NULL;
	struct downstream *d = last_parked(filter);
	if (d->has_xforward && !has_xforward(opening))
		return NULL;
	deadline_stop(&d->deadline);
	filter->n_parked--;
	return d;
}

static bool park(struct downstream *d)
{
	if (d->phase != PHASE_DONE || d->has_more ||
		d->filter->n_parked >= PARKED_MAX ||
		++d->n_taken >= DOWNSTREAM_MESSAGES_MAX)
		return false;
	d->phase = PHASE_PARKED;
	d->filter->n_parked++;
	deadline_start(&d->filter->parked, &d->deadline);
	return true;
}

static void open_again(struct downstream *d)
{
	d->again = BUF_INIT(d->opening.max);
	buf_add_slice(&d->again, buf_slice(&d->opening));
	await(d, PHASE_OPENING);
	begin_opening(d);
}

static int open_new(struct filter *filter, struct downstream **ret_downstream)
{
	struct downstream *d = xcalloc(1, sizeof(*d));

	d->filter = filter;
	int r = reconnect(d);
	if (r < 0) {
		free(d);
		return r;
	}
	await(d, PHASE_BANNER);
	*ret_downstream = d;
	return 0;
}

int downstream_open(struct filter *filter, struct buf *opening,
	const struct downstream_ops *ops, void *owner,
	struct downstream **ret_downstream)
{
	struct downstream *d = unpark(filter, opening);
	bool is_parked = d;
	int r = is_parked ? 0 : open_new(filter, &d);

	if (r < 0)
		return r;
	d->ops = ops;
	d->owner = owner;
	d->opening = *opening;
	*opening = BUF_INIT(opening->max);
	if (is_parked)
		open_again(d);
	*ret_downstream = d;
	return 0;
}

static void say_goodbye(struct downstream *d)
{
	buf_add_str(conn_out(d->conn), "QUIT\r\n");
	conn_close_when_sent(d->conn);
}

void downstream_close(struct downstream *d)
{
	if (!d)
		return;
	deadline_stop(&d->deadline);
	buf_release(&d->opening);
	buf_release(&d->again);
	if (park(d))
		return;
	bool is_polite = d->phase == PHASE_IDLE || d->phase == PHASE_DONE;
	if (is_polite)
		say_goodbye(d);
	else
		conn_close(d->conn);
	free(d);
}

void downstream_command(struct downstream *d, struct slice line)
{
	conn_send(d->conn, line);
	await(d, PHASE_COMMAND);
}

bool downstream_body(struct downstream *d, struct slice piece)
{
	d->phase = PHASE_BODY;
	conn_send(d->conn, piece);
	if (!conn_pending(d->conn))
		return true;
	deadline_start(&d->filter->answers, &d->deadline);
	return false;
}

void downstream_finish(struct downstream *d, struct slice piece)
{
	struct buf *out = conn_out(d->conn);

	buf_add_slice(out, piece);
	buf_add_str(out, ".\r\n");
	conn_send(d->conn, SLICE_NONE);
	await(d, PHASE_FINISH);
}

void downstream_on_due(struct deadline *deadline)
{
	struct downstream *d =
		CONTAINER_OF(deadline, struct downstream, deadline);

	log_warning("downstream failed: error=silent");
	fail(d, is_silent);
}

void downstream_on_parked(struct deadline *deadline)
{
	struct downstream *d =
		CONTAINER_OF(deadline, struct downstream, deadline);

	d->filter->n_parked--;
	say_goodbye(d);
	free(d);
}

void downstream_clear(struct filter *filter)
{
	while (filter->n_parked > 0) {
		struct downstream *d = last_parked(filter);
		deadline_stop(&d->deadline);
		downstream_on_parked(&d->deadline);
	}
}
