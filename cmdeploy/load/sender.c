/* Sends messages by SMTP, among many (sender.h). */
#include "cmdeploy/load/sender.h"

#include <string.h>

#include "cmdeploy/probe/mail.h"
#include "lib/clock.h"

static void settle(
	struct sender *s, enum ledger_state state, const char *refusal)
{
	if (!s->has_message)
		return;
	ledger_settle(s->ledger, s->message, state, refusal);
	s->has_message = false;
	buf_release(&s->envelope);
	buf_release(&s->content);
}

/* A message that is under way may have been taken, or not. */
static void drop(struct sender *s)
{
	link_close(&s->link);
	s->state = SENDER_CLOSED;
}

static void fail(struct sender *s, const char *why)
{
	bool is_over = s->state == SENDER_QUIT ||
		(s->state == SENDER_READY && !s->has_message);

	if (!is_over && !s->failure)
		s->failure =
			xasprintf("SMTP, %s: %s", s->account->address, why);
	settle(s, LEDGER_UNANSWERED, why);
	drop(s);
}

static void ask(struct sender *s, enum sender_state state)
{
	s->state = state;
	s->link.since_usec = clock_usec();
	link_push(&s->link);
}

static void begin(struct sender *s)
{
	s->is_refused = false;
	buf_add_slice(&s->link.out, buf_slice(&s->envelope));
	ask(s, SENDER_ENVELOPE);
}

static void be_ready(struct sender *s)
{
	s->state = SENDER_READY;
	s->link.since_usec = 0;
	if (s->has_message)
		begin(s);
}

static void finish(struct sender *s)
{
	if (s->is_kept) {
		be_ready(s);
		return;
	}
	buf_add_str(&s->link.out, "QUIT\r\n");
	ask(s, SENDER_QUIT);
}

/* One of the replies to MAIL, RCPT ... and DATA, which come in this order. */
static void on_envelope(struct sender *s, char class, const char *text)
{
	bool is_last = --s->n_replies == 0;

	if (class != (is_last ? '3' : '2') && !s->is_refused) {
		s->is_refused = true;
		settle(s, LEDGER_REFUSED, text);
	}
	if (!is_last)
		return;
	/* DATA may stand although a recipient was refused: nothing is sent. */
	if (s->is_refused) {
		drop(s);
		return;
	}
	buf_add_slice(&s->link.out, buf_slice(&s->content));
	ask(s, SENDER_CONTENT);
}

static void on_content(struct sender *s, char class, const char *text)
{
	settle(s, class == '2' ? LEDGER_ACCEPTED : LEDGER_REFUSED, text);
	finish(s);
}

static void say_ehlo(struct sender *s)
{
	buf_add_str(&s->link.out, "EHLO load.invalid\r\n");
	ask(s, SENDER_EHLO);
}

static void say_auth(struct sender *s)
{
	mail_add_auth(&s->link.out, s->account);
	buf_add_str(&s->link.out, "\r\n");
	ask(s, SENDER_AUTH);
}

static void on_reply(struct sender *s, char class, const char *text)
{
	if (s->state == SENDER_ENVELOPE)
		on_envelope(s, class, text);
	else if (s->state == SENDER_CONTENT)
		on_content(s, class, text);
	else if (s->state == SENDER_QUIT)
		drop(s);
	else if (class != '2')
		fail(s, text);
	else if (s->state == SENDER_GREETING)
		say_ehlo(s);
	else if (s->state == SENDER_EHLO)
		say_auth(s);
	else if (s->state == SENDER_AUTH)
		be_ready(s);
}

static size_t on_input(struct link *l, struct slice in)
{
	struct sender *s = CONTAINER_OF(l, struct sender, link);
	struct slice line, left = in;

	while (l->fd >= 0 && slice_cut(left, '\n', &line, &left)) {
		line = slice_trim(line);
		if (line.len < 3 || (line.len > 3 && line.ptr[3] == '-'))
			continue;
		AUTO_FREE char *text = slice_dup(slice_head(line, 300));
		on_reply(s, text[0], text);
	}
	return in.len - left.len;
}

static void on_end(struct link *l, const char *why)
{
	fail(CONTAINER_OF(l, struct sender, link), why);
}

int sender_open(struct sender *s, int epoll_fd, const struct probe_relay *p,
	struct buf *why)
{
	s->link.on_input = on_input;
	s->link.on_end = on_end;
	s->state = SENDER_GREETING;
	int r = link_open(&s->link, epoll_fd, p, PORT_SUBMISSIONS, why);
	if (r < 0)
		s->state = SENDER_CLOSED;
	return r;
}

void sender_give(struct sender *s, size_t message, struct buf *envelope,
	size_t n_replies, struct buf *content)
{
	s->message = message;
	s->has_message = true;
	s->envelope = *envelope;
	s->content = *content;
	s->n_replies = n_replies;
	*envelope = (struct buf){ 0 };
	*content = (struct buf){ 0 };
	if (s->state == SENDER_READY)
		begin(s);
}

void sender_close(struct sender *s)
{
	settle(s, LEDGER_UNANSWERED, NULL);
	drop(s);
	free(s->failure);
	s->failure = NULL;
}
