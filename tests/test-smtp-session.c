/*
 * Plays the dialogues of data/smtp: whole conversations, in one piece and
 * byte by byte; replies and message must come out the same.
 *
 *	# a comment
 *	C: a line of the client; how it is written, tests/dialogue.h says
 *	c: the same without CRLF
 *	A: the answer to the next MAIL, RCPT, DATA or final dot
 *	S: a line of the server
 *	M: a line of the message as it passes (CRLF is added), m: without
 *
 * Where no A: waits, MAIL and RCPT get 250, DATA 354, the dot 250.
 */
#include "mail/smtp-session.h"

#include <glob.h>

#include "lib/file.h"
#include "tests/dialogue.h"
#include "tests/test.h"

enum {
	TEXT_MAX_BYTES = 1 << 20,
};

struct dialogue {
	struct buf client;
	struct buf server;
	struct buf message;
	struct buf answers; /* lines, in order */
};

static void dialogue_init(struct dialogue *d)
{
	buf_init(&d->client, TEXT_MAX_BYTES);
	buf_init(&d->server, TEXT_MAX_BYTES);
	buf_init(&d->message, TEXT_MAX_BYTES);
	buf_init(&d->answers, TEXT_MAX_BYTES);
}

static void dialogue_release(struct dialogue *d)
{
	buf_release(&d->client);
	buf_release(&d->server);
	buf_release(&d->message);
	buf_release(&d->answers);
}

static struct buf *target(struct dialogue *d, char who)
{
	switch (ascii_lower(who)) {
	case 'c':
		return &d->client;
	case 's':
		return &d->server;
	case 'm':
		return &d->message;
	case 'a':
		return &d->answers;
	default:
		return NULL;
	}
}

static bool read_line(struct dialogue *d, struct slice line)
{
	struct slice who, text;

	if (line.len == 0 || line.ptr[0] == '#')
		return true;
	if (!slice_cut(line, ':', &who, &text) || who.len == 0)
		return false;
	struct buf *out = target(d, who.ptr[0]);
	return out && dialogue_add(who, text, out) == 0 && buf_ok(out);
}

struct play {
	struct smtp_session session;
	struct buf out;
	struct buf message;
	struct slice answers;
	bool is_over;
};

static void answer(struct play *p, enum smtp_event event)
{
	struct slice line;
	bool is_data = event == SMTP_DATA;

	if (p->answers.len > 0 && slice_next_line(&p->answers, &line))
		line.len++; /* with its LF */
	else
		line = slice_of(is_data ? "354 go\r\n" : "250 ok\r\n");
	smtp_session_answer(&p->session, line, &p->out);
}

static size_t feed(struct play *p, struct slice in)
{
	struct smtp_input input;
	size_t used = 0;

	for (;;) {
		used += smtp_session_feed(
			&p->session, slice_from(in, used), &p->out, &input);
		if (input.event == SMTP_NOTHING)
			return used;
		if (input.event == SMTP_QUIT)
			p->is_over = true;
		if (input.event == SMTP_BODY)
			buf_add_slice(&p->message, input.body);
		if (smtp_session_is_waiting(&p->session))
			answer(p, input.event);
	}
}

/* Feeds `step` bytes at a time, keeping what is not taken. */
static void play(struct dialogue *d, size_t step, const char *name)
{
	const struct smtp_profile profile = { "mx.test", 1000 };
	struct play p = { .answers = buf_slice(&d->answers) };
	struct slice all = buf_slice(&d->client);
	size_t from = 0;

	buf_init(&p.out, TEXT_MAX_BYTES);
	buf_init(&p.message, TEXT_MAX_BYTES);
	smtp_session_init(&p.session, &profile, &p.out);
	for (size_t to = 0; to < all.len && !p.is_over;) {
		to = to + step < all.len ? to + step : all.len;
		struct slice seen = slice_head(all, to);
		from += feed(&p, slice_from(seen, from));
	}
	check_slice(name, buf_slice(&p.out), buf_slice(&d->server));
	check_slice(name, buf_slice(&p.message), buf_slice(&d->message));
	check_int(name, (long long)p.answers.len, 0);
	buf_release(&p.out);
	buf_release(&p.message);
}

static void run(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dialogue d;
	struct slice line;

	dialogue_init(&d);
	check_int(path, file_read(path, &text, &why), 0);
	struct slice rest = buf_slice(&text);
	while (slice_next_line(&rest, &line))
		check(path, read_line(&d, line));
	play(&d, (size_t)-1 / 2, path);
	play(&d, 1, path);
	play(&d, 7, path);
	dialogue_release(&d);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : TEST_DATA "/smtp";
	AUTO_FREE char *pattern = xasprintf("%s/*.dialogue", folder);
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0) {
		fprintf(stderr, "no dialogues in %s\n", folder);
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		run(found.gl_pathv[i]);
	globfree(&found);
	return test_end();
}
