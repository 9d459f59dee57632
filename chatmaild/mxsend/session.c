/* SMTP and LMTP of Postfix become requests over HTTPS (session.h). */
#include "chatmaild/mxsend/session.h"

#include <string.h>

#include "chatmaild/mxsend/post.h"
#include "lib/conn.h"
#include "lib/log.h"

enum {
	USEC_PER_SEC = 1000000,
};

struct session {
	struct session *prev, *next;
	struct sender *sender;
	struct conn *conn;
	struct smtp_session smtp;
	bool is_lmtp;
	/* The transaction. */
	struct peer *peer;
	struct peer_waiter waiter; /* for its host, after DATA */
	struct post *post;
	struct buf from;
	struct buf recipients; /* lines of the HTTP header */
	struct buf reply;      /* to the message, once it is known */
	unsigned n_recipients;
	bool is_line_open; /* the last byte of the message ended no line */
};

static void forget(struct session *s)
{
	if (s->peer)
		peer_wait_no_more(s->peer, &s->waiter);
	post_free(s->post);
	s->post = NULL;
	peer_release(s->peer);
	s->peer = NULL;
	buf_reset(&s->from);
	buf_reset(&s->recipients);
	buf_reset(&s->reply);
	s->n_recipients = 0;
	s->is_line_open = false;
}

static void answer(struct session *s, struct slice reply)
{
	smtp_session_answer(&s->smtp, reply, conn_out(s->conn));
	conn_resume(s->conn);
}

/* LMTP has a reply for each recipient; ours are all the same. */
static void answer_dot(struct session *s)
{
	for (unsigned i = 1; s->is_lmtp && i < s->n_recipients; i++)
		buf_add_slice(conn_out(s->conn), buf_slice(&s->reply));
	answer(s, buf_slice(&s->reply));
	conn_send(s->conn, SLICE_NONE);
	forget(s);
}

static void on_room(void *owner)
{
	struct session *s = owner;

	if (!smtp_session_is_waiting(&s->smtp) && !post_is_full(s->post))
		conn_resume(s->conn);
}

static void on_reply(void *owner, struct slice reply)
{
	struct session *s = owner;

	buf_add_slice(&s->reply, reply);
	conn_resume(s->conn);
	if (s->smtp.awaited == SMTP_DOT)
		answer_dot(s);
}

static const struct post_ops post_ops = {
	.on_room = on_room,
	.on_reply = on_reply,
};

/* After DATA: its host is known, or that there is none. */
static void begin(struct session *s)
{
	struct slice reply = SLICE_NONE;
	const char *host = peer_host(s->peer, &reply);

	if (!host) {
		answer(s, reply);
		return;
	}
	/* Next time it goes by SMTP alone, and the queue tells the reason. */
	if (!s->is_lmtp && peer_is_open(s->peer)) {
		answer(s,
			SLICE("451 4.4.1 Port 25 answers, but mail did not "
			      "leave: the log tells why\r\n"));
		return;
	}
	s->post = post_new(&s->sender->curl, s->peer, host, buf_slice(&s->from),
		buf_slice(&s->recipients), &post_ops, s);
	answer(s, SLICE("354 End data with <CR><LF>.<CR><LF>\r\n"));
}

static void on_host(struct peer_waiter *waiter)
{
	struct session *s = CONTAINER_OF(waiter, struct session, waiter);

	begin(s);
	conn_send(s->conn, SLICE_NONE);
}

static void do_mail(struct session *s, const struct smtp_input *input)
{
	forget(s);
	buf_add_slice(&s->from, input->path);
	answer(s, SLICE("250 2.1.0 Ok\r\n"));
}

static bool is_sound(struct slice path)
{
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.ptr[i] <= ' ' || path.ptr[i] == ',')
			return false;
	return true;
}

static void do_rcpt(struct session *s, const struct smtp_input *input)
{
	struct slice name, domain;

	if (!slice_cut_last(input->path, '@', &name, &domain) ||
		!is_sound(input->path) || domain.len > PEER_NAME_MAX_BYTES) {
		answer(s, SLICE("501 5.1.3 Bad recipient address syntax\r\n"));
		return;
	}
	struct peer *peer = peers_take(s->sender->peers, domain);
	bool is_other = s->peer && s->peer != peer;
	if (s->peer)
		peer_release(peer);
	else
		s->peer = peer;
	if (!is_other)
		buf_addf(&s->recipients, "X-Mail-To: %.*s\n",
			SLICE_FMT(input->path));
	if (is_other || !buf_ok(&s->recipients)) {
		answer(s, SLICE("452 4.5.3 Too many recipients\r\n"));
		return;
	}
	s->n_recipients++;
	answer(s, SLICE("250 2.1.5 Ok\r\n"));
}

static void do_data(struct session *s, const struct smtp_input *input UNUSED)
{
	if (!buf_ok(&s->recipients)) {
		answer(s, SLICE("452 4.5.3 Too many recipients\r\n"));
	} else if (!peer_is_resolving(s->peer)) {
		begin(s);
	} else {
		s->waiter.on_ready = on_host;
		peer_wait(s->peer, &s->waiter);
	}
}

/* Without the dots that SMTP puts before dots. */
static void do_body(struct session *s, const struct smtp_input *input)
{
	struct slice rest = input->body;

	while (rest.len > 0 && s->reply.len == 0) {
		if (!s->is_line_open && rest.ptr[0] == '.')
			rest = slice_from(rest, 1);
		const char *lf = memchr(rest.ptr, '\n', rest.len);
		size_t len = lf ? (size_t)(lf - rest.ptr) + 1 : rest.len;
		post_add(s->post, slice_head(rest, len));
		s->is_line_open = !lf;
		rest = slice_from(rest, len);
	}
	if (s->reply.len == 0 && post_is_full(s->post))
		conn_pause(s->conn);
}

static void do_dot(struct session *s, const struct smtp_input *input UNUSED)
{
	if (s->reply.len > 0)
		answer_dot(s);
	else
		post_end(s->post);
}

static void do_reset(struct session *s, const struct smtp_input *input UNUSED)
{
	forget(s);
}

static void (*const handlers[])(struct session *, const struct smtp_input *) = {
	[SMTP_MAIL] = do_mail,
	[SMTP_RCPT] = do_rcpt,
	[SMTP_DATA] = do_data,
	[SMTP_BODY] = do_body,
	[SMTP_DOT] = do_dot,
	[SMTP_RESET] = do_reset,
	[SMTP_QUIT] = NULL,
};

static size_t on_input(struct conn *conn, struct slice in)
{
	struct session *s = conn_owner(conn);
	struct smtp_input input;
	size_t used = 0;

	do {
		used += smtp_session_feed(
			&s->smtp, slice_from(in, used), conn_out(conn), &input);
		if (handlers[input.event])
			handlers[input.event](s, &input);
		if (input.event == SMTP_QUIT) {
			conn_close_together(conn);
			s->conn = NULL;
			session_free(s);
			return in.len;
		}
	} while (input.event != SMTP_NOTHING &&
		!(s->post && s->reply.len == 0 && post_is_full(s->post)));
	if (used < in.len && smtp_session_is_waiting(&s->smtp))
		conn_pause(conn);
	return used;
}

static void on_end(struct conn *conn, int error UNUSED)
{
	session_free(conn_owner(conn));
}

static const struct conn_ops conn_ops = {
	.on_input = on_input,
	.on_end = on_end,
};

static const struct conn_limits limits = {
	.in_max = SESSION_IN_MAX_BYTES,
	.out_max = SESSION_OUT_MAX_BYTES,
};

void session_accept(struct sender *sender, int fd, bool is_lmtp)
{
	struct session *s = xcalloc(1, sizeof(*s));

	*s = (struct session){
		.sender = sender,
		.is_lmtp = is_lmtp,
		.from = BUF_INIT(SMTP_COMMAND_MAX_BYTES),
		.recipients = BUF_INIT(SESSION_RECIPIENTS_MAX_BYTES),
		.reply = BUF_INIT(SESSION_OUT_MAX_BYTES),
	};
	if (conn_new(sender->event, fd, &conn_ops, &limits, s, &s->conn) < 0) {
		free(s);
		return;
	}
	s->next = sender->sessions;
	if (s->next)
		s->next->prev = s;
	sender->sessions = s;
	conn_set_timeout(s->conn, (uint64_t)SESSION_IDLE_SEC * USEC_PER_SEC);
	smtp_session_init(&s->smtp, &sender->profile, conn_out(s->conn));
	conn_send(s->conn, SLICE_NONE);
}

void session_free(struct session *s)
{
	*(s->prev ? &s->prev->next : &s->sender->sessions) = s->next;
	if (s->next)
		s->next->prev = s->prev;
	forget(s);
	buf_release(&s->from);
	buf_release(&s->recipients);
	buf_release(&s->reply);
	conn_close(s->conn);
	free(s);
}
