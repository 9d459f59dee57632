#include "chatmaild/filtermail/downstream.h"

#include <errno.h>
#include <string.h>

#include "lib/conn.h"
#include "lib/die.h"
#include "lib/log.h"
#include "mail/smtp-reply.h"

enum phase {
	PHASE_BANNER,  /* awaits 220 */
	PHASE_EHLO,    /* awaits its 250 */
	PHASE_OPENING, /* awaits the replies to XFORWARD and MAIL */
	PHASE_IDLE,    /* between commands; nothing is awaited */
	PHASE_COMMAND, /* awaits one reply */
	PHASE_BODY,    /* nothing is awaited; goodbye is not possible */
	PHASE_FINISH,  /* awaits the reply to the final dot */
	PHASE_OVER,    /* QUIT has been said, or nothing can be said */
};

struct downstream {
	struct conn *conn;
	struct filter *filter;
	const struct downstream_ops *ops;
	void *owner;
	struct deadline deadline;
	struct buf opening; /* what of it has not been sent */
	unsigned n_due;     /* replies to XFORWARD yet to come */
	enum phase phase;
	bool is_pipelining;
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
	struct slice rest = buf_slice(&d->opening);
	struct slice line;

	do {
		slice_next_line(&rest, &line);
		conn_send(d->conn, slice_make(line.ptr, line.len + 1));
		d->n_due++;
	} while (d->is_pipelining && rest.len > 0);
	buf_consume(&d->opening, d->opening.len - rest.len);
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
	if (!(extensions & SMTP_XFORWARD_OK))
		drop_xforward(&d->opening);
	d->phase = PHASE_OPENING;
	send_opening(d);
	return true;
}

static enum phase phase_after(
	const struct downstream *d, const struct smtp_reply *reply)
{
	if (d->phase == PHASE_FINISH && d->is_pipelining)
		return PHASE_OVER;
	return reply->code == 354 ? PHASE_BODY : PHASE_IDLE;
}

static bool deliver(struct downstream *d, const struct smtp_reply *reply)
{
	deadline_stop(&d->deadline);
	d->phase = phase_after(d, reply);
	d->ops->on_reply(d->owner, reply->text);
	return false;
}

static bool on_opening(struct downstream *d, const struct smtp_reply *reply)
{
	d->n_due--;
	if (d->n_due == 0 && d->opening.len == 0)
		return deliver(d, reply);
	if (reply->code != 250)
		return fail_by_reply(d, reply);
	if (d->n_due == 0)
		send_opening(d);
	return true;
}

static bool on_reply(struct downstream *d, const struct smtp_reply *reply)
{
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
		return fail_by_reply(d, reply);
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

	for (;;) {
		ssize_t n = smtp_reply_parse(slice_from(in, used), &reply);
		if (n < 0) {
			log_warning("downstream failed: error=no-reply");
			fail(d, is_strange);
			return in.len;
		}
		used += (size_t)n;
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

int downstream_open(struct filter *filter, struct buf *opening,
	const struct downstream_ops *ops, void *owner,
	struct downstream **ret_downstream)
{
	struct downstream *d = xcalloc(1, sizeof(*d));

	int r = conn_connect(filter->event, &filter->forward, &conn_ops,
		&limits, d, &d->conn);
	if (r < 0) {
		log_warning("downstream failed: error=%s", strerrordesc_np(-r));
		free(d);
		return r;
	}
	d->filter = filter;
	d->ops = ops;
	d->owner = owner;
	d->opening = *opening;
	*opening = BUF_INIT(opening->max);
	await(d, PHASE_BANNER);
	*ret_downstream = d;
	return 0;
}

void downstream_close(struct downstream *d)
{
	if (!d)
		return;
	deadline_stop(&d->deadline);
	buf_release(&d->opening);
	if (d->phase == PHASE_IDLE)
		buf_add_str(conn_out(d->conn), "QUIT\r\n");
	if (d->phase == PHASE_IDLE)
		conn_close_when_sent(d->conn);
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
	if (d->is_pipelining)
		buf_add_str(out, "QUIT\r\n");
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
