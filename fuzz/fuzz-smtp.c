/*
 * A session fed whole, byte by byte and in sevens says the same and lets
 * the same message bytes through; what it lets through holds no final
 * dot. A reply parsed from its whole and from its parts is the same.
 *
 * Input that begins with 'L' is text whose lines end in LF.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mail/smtp-reply.h"
#include "mail/smtp-session.h"

enum {
	TEXT_MAX_BYTES = 1 << 22,
};

struct play {
	struct smtp_session session;
	struct buf out;
	struct buf events;
	struct buf message; /* of one transaction */
	unsigned n;         /* answers given */
};

/* Yes mostly; now and then no, so that all states are met. */
static struct slice next_answer(struct play *p, enum smtp_event event)
{
	if (++p->n % 7 == 0)
		return SLICE("450 4.3.0 no\r\n");
	return event == SMTP_DATA ? SLICE("354 go\r\n") : SLICE("250 ok\r\n");
}

static void on_event(struct play *p, const struct smtp_input *input)
{
	switch (input->event) {
	case SMTP_BODY:
		demand(input->body.len > 0);
		buf_add_slice(&p->message, input->body);
		return;
	case SMTP_DOT:
		demand(p->message.len == 0 ||
			slice_ends(buf_slice(&p->message), SLICE("\r\n")));
		demand(!slice_starts(buf_slice(&p->message), SLICE(".\r\n")));
		demand(!memmem(
			buf_str(&p->message), p->message.len, "\r\n.\r\n", 5));
		buf_add_slice(&p->events, buf_slice(&p->message));
		buf_reset(&p->message);
		break;
	default:
		break;
	}
	buf_addf(&p->events, "<%d %.*s %.*s>", input->event,
		SLICE_FMT(input->path), SLICE_FMT(input->line));
}

static size_t feed(struct play *p, struct slice in)
{
	struct smtp_input input;
	size_t used = 0;

	for (;;) {
		size_t n = smtp_session_feed(
			&p->session, slice_from(in, used), &p->out, &input);
		demand(n <= in.len - used);
		used += n;
		if (input.event == SMTP_NOTHING)
			return used;
		/* That a long line is being skipped may be told at any time. */
		if (input.event != SMTP_HANDLED)
			on_event(p, &input);
		if (smtp_session_is_waiting(&p->session))
			smtp_session_answer(&p->session,
				next_answer(p, input.event), &p->out);
	}
}

static void play(struct slice all, size_t step, struct buf *ret_said)
{
	static const struct smtp_profile profile = { "x.test", 1000 };
	struct play p = {
		.out = BUF_INIT(TEXT_MAX_BYTES),
		.events = BUF_INIT(TEXT_MAX_BYTES),
		.message = BUF_INIT(TEXT_MAX_BYTES),
	};
	size_t from = 0, to = 0;

	smtp_session_init(&p.session, &profile, &p.out);
	while (to < all.len && p.session.state != SMTP_STATE_CLOSED) {
		to = all.len - to < step ? all.len : to + step;
		from += feed(&p, slice_from(slice_head(all, to), from));
	}
	buf_add_slice(ret_said, buf_slice(&p.out));
	buf_add_slice(ret_said, buf_slice(&p.events));
	buf_add_slice(ret_said, buf_slice(&p.message));
	buf_release(&p.out);
	buf_release(&p.events);
	buf_release(&p.message);
}

static void try_session(struct slice in)
{
	static const size_t sizes[] = { 1, 7 };
	AUTO_BUF struct buf whole = BUF_INIT(TEXT_MAX_BYTES);

	play(in, TEXT_MAX_BYTES, &whole);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO_BUF struct buf parts = BUF_INIT(TEXT_MAX_BYTES);
		play(in, sizes[i], &parts);
		demand(slice_eq(buf_slice(&whole), buf_slice(&parts)));
	}
}

/* A reply that is whole does not change with what follows it. */
static void try_reply(struct slice in)
{
	struct smtp_reply reply, again;

	ssize_t n = smtp_reply_parse(in, &reply);
	if (n <= 0)
		return;
	demand(reply.text.ptr == in.ptr && reply.text.len == (size_t)n);
	demand(reply.code >= 200 && reply.code < 600);
	demand(slice_ends(reply.text, SLICE("\r\n")));
	(void)smtp_reply_extensions(&reply);
	demand(smtp_reply_parse(reply.text, &again) == n);
	for (size_t i = 0; i < (size_t)n; i++)
		demand(smtp_reply_parse(slice_head(in, i), &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO_BUF struct buf wire = BUF_INIT(TEXT_MAX_BYTES);
	struct slice input = slice_make(data, len);

	if (len > 0 && data[0] == 'L') {
		fuzz_add_wire(&wire, slice_from(input, 1));
		input = buf_slice(&wire);
	}
	try_session(input);
	try_reply(input);
	return 0;
}
