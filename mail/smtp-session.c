/* The server's side of an SMTP session: states and events (smtp-session.h). */
#include "mail/smtp-session.h"

#include <string.h>

#include "lib/die.h"

enum {
	/* As sets: 1 << state. */
	NEW = 1 << SMTP_STATE_NEW,
	READY = 1 << SMTP_STATE_READY,
	SENDER = 1 << SMTP_STATE_SENDER,
	RECIPIENT = 1 << SMTP_STATE_RECIPIENT,
	ANY = NEW | READY | SENDER | RECIPIENT,
	DOT_LINE_BYTES = 3,
};

struct call {
	struct smtp_session *session;
	struct slice arg;
	struct buf *out;
	struct smtp_input *input;
};

struct command {
	const char *name;
	unsigned states;
	void (*handler)(const struct call *call);
};

static void say(const struct call *call, const char *line)
{
	buf_add_str(call->out, line);
	buf_add_str(call->out, "\r\n");
}

/* A bad command: its reply, and the end of a session with too many. */
static void complain(const struct call *call, const char *line)
{
	struct smtp_session *s = call->session;

	if (++s->n_errors < SMTP_ERRORS_MAX) {
		say(call, line);
		return;
	}
	say(call, "421 4.7.0 Too many errors");
	s->state = SMTP_STATE_CLOSED;
	call->input->event = SMTP_QUIT;
}

static void await(const struct call *call, enum smtp_event event)
{
	call->session->awaited = event;
	call->input->event = event;
}

static void greet(const struct call *call)
{
	call->session->state = SMTP_STATE_READY;
	call->input->event = SMTP_RESET;
}

static void do_ehlo(const struct call *call)
{
	const struct smtp_profile *profile = call->session->profile;

	if (call->arg.len == 0) {
		complain(call, "501 5.5.4 Syntax: EHLO hostname");
		return;
	}
	greet(call);
	buf_addf(call->out,
		"250-%s\r\n"
		"250-PIPELINING\r\n"
		"250-SIZE %llu\r\n"
		"250-ENHANCEDSTATUSCODES\r\n"
		"250-8BITMIME\r\n"
		"250-SMTPUTF8\r\n"
		"250 XFORWARD " SMTP_XFORWARD_NAMES "\r\n",
		profile->hostname, (unsigned long long)profile->size_max);
}

static void do_helo(const struct call *call)
{
	if (call->arg.len == 0) {
		complain(call, "501 5.5.4 Syntax: HELO hostname");
		return;
	}
	greet(call);
	buf_addf(call->out, "250 %s\r\n", call->session->profile->hostname);
}

static void do_xforward(const struct call *call)
{
	const char *reply = smtp_parse_xforward(call->arg);

	if (reply) {
		complain(call, reply);
		return;
	}
	say(call, "250 2.0.0 Ok");
	call->input->event = SMTP_XFORWARD;
}

static void do_mail(const struct call *call)
{
	struct smtp_mail mail;
	const char *reply = smtp_parse_mail(call->arg, &mail);

	if (reply) {
		complain(call, reply);
		return;
	}
	if (mail.has_size && mail.size > call->session->profile->size_max) {
		say(call, "552 5.3.4 Message size exceeds fixed limit");
		return;
	}
	call->input->path = mail.sender;
	await(call, SMTP_MAIL);
}

static void do_rcpt(const struct call *call)
{
	const char *reply = smtp_parse_rcpt(call->arg, &call->input->path);

	if (reply) {
		complain(call, reply);
		return;
	}
	if (call->session->n_recipients >= SMTP_RECIPIENTS_MAX) {
		say(call, "452 4.5.3 Too many recipients");
		return;
	}
	await(call, SMTP_RCPT);
}

static void do_data(const struct call *call)
{
	if (call->arg.len > 0)
		complain(call, "501 5.5.4 Syntax: DATA");
	else
		await(call, SMTP_DATA);
}

static void do_rset(const struct call *call)
{
	struct smtp_session *s = call->session;

	if (s->state != SMTP_STATE_NEW)
		s->state = SMTP_STATE_READY;
	say(call, "250 2.0.0 Ok");
	call->input->event = SMTP_RESET;
}

static void do_noop(const struct call *call)
{
	say(call, "250 2.0.0 Ok");
}

static void do_vrfy(const struct call *call)
{
	say(call, "252 2.5.0 Cannot tell, but will take mail for it");
}

static void do_help(const struct call *call)
{
	say(call, "214 2.0.0 See RFC 5321");
}

static void do_quit(const struct call *call)
{
	say(call, "221 2.0.0 Bye");
	call->session->state = SMTP_STATE_CLOSED;
	call->input->event = SMTP_QUIT;
}

static const struct command commands[] = {
	{ "MAIL", READY, do_mail },
	{ "RCPT", SENDER | RECIPIENT, do_rcpt },
	{ "DATA", RECIPIENT, do_data },
	{ "EHLO", ANY, do_ehlo },
	{ "LHLO", ANY, do_ehlo }, /* of LMTP (RFC 2033) */
	{ "XFORWARD", READY, do_xforward },
	{ "QUIT", ANY, do_quit },
	{ "RSET", ANY, do_rset },
	{ "NOOP", ANY, do_noop },
	{ "HELO", ANY, do_helo },
	{ "VRFY", ANY, do_vrfy },
	{ "HELP", ANY, do_help },
};

static void dispatch(struct call *call, struct slice line)
{
	struct slice verb;

	smtp_split_command(line, &verb, &call->arg);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (!slice_eq_str_nocase(verb, commands[i].name))
			continue;
		if (commands[i].states & 1u << call->session->state)
			commands[i].handler(call);
		else
			complain(call, "503 5.5.1 Bad sequence of commands");
		return;
	}
	complain(call, "500 5.5.2 Command not recognized");
}

/* `line` has its LF, and should have a CR before it. */
static bool is_sound_line(struct slice line)
{
	return line.len >= 2 && line.ptr[line.len - 2] == '\r' &&
		!memchr(line.ptr, '\r', line.len - 2) &&
		!memchr(line.ptr, '\0', line.len);
}

static size_t skip_line(struct smtp_session *s, struct slice in)
{
	const char *lf = memchr(in.ptr, '\n', in.len);

	if (!lf)
		return in.len;
	s->is_skipping = false;
	return (size_t)(lf - in.ptr) + 1;
}

static size_t feed_command(struct call *call, struct slice in)
{
	struct slice head = slice_head(in, SMTP_COMMAND_MAX_BYTES);
	const char *lf = memchr(head.ptr, '\n', head.len);

	if (!lf && in.len < SMTP_COMMAND_MAX_BYTES)
		return 0;
	call->input->event = SMTP_HANDLED;
	if (!lf) {
		call->session->is_skipping = true;
		complain(call, "500 5.5.2 Line too long");
		return head.len;
	}
	struct slice line = slice_head(head, (size_t)(lf - head.ptr) + 1);
	call->input->line = line;
	if (is_sound_line(line))
		dispatch(call, slice_head(line, line.len - 2));
	else
		complain(call, "500 5.5.2 Bare CR, bare LF or NUL in a line");
	return line.len;
}

static bool is_line_start(
	const struct smtp_session *s, struct slice in, size_t at)
{
	if (at == 0)
		return s->is_at_line_start;
	if (in.ptr[at - 1] != '\n')
		return false;
	return at == 1 ? s->is_after_cr : in.ptr[at - 2] == '\r';
}

/*
 * How much of `in` belongs to the message for sure: up to the line of
 * the final dot, or up to what may become one.
 */
static size_t find_end(
	const struct smtp_session *s, struct slice in, bool *ret_is_whole)
{
	struct slice end = SLICE(".\r\n");
	size_t at = 0;

	*ret_is_whole = false;
	for (;; at++) {
		const char *dot = memchr(in.ptr + at, '.', in.len - at);
		if (!dot)
			return in.len;
		at = (size_t)(dot - in.ptr);
		struct slice rest =
			slice_head(slice_from(in, at), DOT_LINE_BYTES);
		if (!slice_starts(end, rest) || !is_line_start(s, in, at))
			continue;
		*ret_is_whole = rest.len == DOT_LINE_BYTES;
		return at;
	}
}

static void remember_end(struct smtp_session *s, struct slice body)
{
	char last = body.ptr[body.len - 1];
	bool is_after_cr =
		body.len > 1 ? body.ptr[body.len - 2] == '\r' : s->is_after_cr;

	s->is_at_line_start = last == '\n' && is_after_cr;
	s->is_after_cr = last == '\r';
}

static size_t feed_body(struct call *call, struct slice in)
{
	struct smtp_session *s = call->session;
	bool is_whole;
	size_t len = find_end(s, in, &is_whole);

	if (len > 0) {
		call->input->event = SMTP_BODY;
		call->input->body = slice_head(in, len);
		call->input->is_end_in_sight = is_whole;
		remember_end(s, call->input->body);
		return len;
	}
	if (!is_whole)
		return 0;
	await(call, SMTP_DOT);
	return DOT_LINE_BYTES;
}

void smtp_session_init(struct smtp_session *s,
	const struct smtp_profile *profile, struct buf *out)
{
	*s = (struct smtp_session){ .profile = profile };
	buf_addf(out, "220 %s ESMTP\r\n", profile->hostname);
}

size_t smtp_session_feed(struct smtp_session *s, struct slice in,
	struct buf *out, struct smtp_input *ret_input)
{
	struct call call = { .session = s, .out = out, .input = ret_input };

	*ret_input = (struct smtp_input){ .event = SMTP_NOTHING };
	if (in.len == 0 || smtp_session_is_waiting(s) ||
		s->state == SMTP_STATE_CLOSED)
		return 0;
	if (s->state == SMTP_STATE_BODY)
		return feed_body(&call, in);
	if (s->is_skipping) {
		ret_input->event = SMTP_HANDLED;
		return skip_line(s, in);
	}
	return feed_command(&call, in);
}

void smtp_session_answer(
	struct smtp_session *s, struct slice reply, struct buf *out)
{
	bool is_yes = reply.len > 0 && reply.ptr[0] == '2';

	buf_add_slice(out, reply);
	switch (s->awaited) {
	case SMTP_MAIL:
		s->n_recipients = 0;
		if (is_yes)
			s->state = SMTP_STATE_SENDER;
		break;
	case SMTP_RCPT:
		s->n_recipients++;
		if (is_yes)
			s->state = SMTP_STATE_RECIPIENT;
		break;
	case SMTP_DATA:
		if (!slice_starts(reply, SLICE("354")))
			break;
		s->state = SMTP_STATE_BODY;
		s->is_at_line_start = true;
		s->is_after_cr = false;
		break;
	case SMTP_DOT:
		s->state = SMTP_STATE_READY;
		break;
	default:
		bug("an answer that nobody waits for");
	}
	s->awaited = SMTP_NOTHING;
}

bool smtp_session_is_waiting(const struct smtp_session *s)
{
	return s->awaited != SMTP_NOTHING;
}
