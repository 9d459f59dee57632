/* Measures relays, in rounds and in turns (bench.h). */
#include <errno.h>
#include <stdlib.h>

#include "cmdeploy/bench/bench.h"
#include "cmdeploy/probe/apps.h"
#include "cmdeploy/probe/web.h"
#include "lib/clock.h"

const char *const bench_names[] = {
	[BENCH_IMAP_CONNECT] = "imap-connect",
	[BENCH_IMAP_LOGIN] = "imap-login",
	[BENCH_SMTP_CONNECT] = "smtp-connect",
	[BENCH_SMTP_LOGIN] = "smtp-login",
	[BENCH_NEW] = "new",
	[BENCH_SEND] = "send",
	[BENCH_NOTICE] = "notice",
	[BENCH_FETCH] = "fetch",
	[BENCH_PING_PONG] = "ping-pong",
	[BENCH_SEND_TEN] = "send-10",
	[BENCH_RECEIVE_TEN] = "receive-10",
	[BENCH_ECHO] = "echo",
};

const char *const bench_whats[] = {
	[BENCH_IMAP_CONNECT] = "IMAP: a connection, TLS, and the greeting",
	[BENCH_IMAP_LOGIN] = "IMAP: a connection, and a login by it",
	[BENCH_SMTP_CONNECT] = "SMTP: a connection, TLS, and EHLO",
	[BENCH_SMTP_LOGIN] = "SMTP: a connection, and a login by it",
	[BENCH_NEW] = "POST /new, with a connection of its own",
	[BENCH_SEND] = "a message, from MAIL FROM to the 250 after it",
	[BENCH_NOTICE] = "from that 250 to the EXISTS of IDLE",
	[BENCH_FETCH] = "the message is fetched: DONE and FETCH",
	[BENCH_PING_PONG] = "a message and its answer, both fetched",
	[BENCH_SEND_TEN] = "ten messages sent by one connection",
	[BENCH_RECEIVE_TEN] = "from the first of ten sent to all fetched",
	[BENCH_ECHO] = "a text by a real app to the echo bot, and back",
};

static void note(
	struct bench_side *side, enum bench_series_id id, uint64_t usec)
{
	struct bench_series *s = &side->series[id];

	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = (double)(usec ? usec : 1) / 1000;
}

/* Since `start`, which becomes now. */
static uint64_t lap(uint64_t *start)
{
	uint64_t now = clock_usec(), took = now - *start;

	*start = now;
	return took;
}

static int measure_login(struct bench_side *side,
	int (*open)(const struct probe_relay *, struct mail *, struct buf *),
	int (*log_in)(
		struct mail *, const struct probe_account *, struct buf *),
	enum bench_series_id connect, enum bench_series_id login)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	struct probe_relay *p = &side->relay;
	const struct probe_account *alice;
	int r = mail_account(p, "alice", &alice);
	uint64_t start = clock_usec(), first = start;

	if (r == 0)
		r = open(p, &m, &p->why);
	uint64_t connected = lap(&start);
	if (r == 0)
		r = log_in(&m, alice, &p->why);
	if (r < 0)
		return r;
	note(side, connect, connected);
	note(side, login, lap(&first));
	return 0;
}

static int measure_imap(struct bench_side *side)
{
	return measure_login(side, mail_imap_open, mail_imap_auth,
		BENCH_IMAP_CONNECT, BENCH_IMAP_LOGIN);
}

static int measure_smtp(struct bench_side *side)
{
	return measure_login(side, mail_smtp_open, mail_smtp_auth,
		BENCH_SMTP_CONNECT, BENCH_SMTP_LOGIN);
}

static int measure_new(struct bench_side *side)
{
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	struct probe_relay *p = &side->relay;
	uint64_t start = clock_usec();

	web_disconnect();
	int r = web_ask(p, "", "/new", "", &a);
	if (r == 0 && a.status == 429)
		side->n_limited++;
	else if (r == 0 && a.status != 200)
		r = because(&p->why, -EPROTO, "POST /new: status %ld, not 200",
			a.status);
	else if (r == 0)
		note(side, BENCH_NEW, lap(&start));
	return r;
}

/* What a limit held up is counted and not timed: 1. */
static int send_by(struct bench_side *side, struct pair *pair)
{
	unsigned before = pair->sender.n_limited;
	int r = pair_send(&side->relay, pair);
	unsigned n_held = pair->sender.n_limited - before;

	side->n_limited += n_held;
	return r < 0 ? r : n_held > 0;
}

/* One message from its sender to who waits, up to its text. */
static int pass(struct bench_side *side, struct pair *pair, int number)
{
	AUTO_FREE char *set = xasprintf("%d", number);
	struct probe_relay *p = &side->relay;
	uint64_t start = clock_usec(), sent, heard;
	int held = send_by(side, pair), r = held < 0 ? held : 0;

	sent = lap(&start);
	if (r == 0)
		r = pair_hear(p, pair, number);
	heard = lap(&start);
	if (r == 0)
		r = pair_read(p, pair, set);
	uint64_t fetched = lap(&start);
	if (r == 0)
		r = pair_idle(p, pair);
	if (r < 0 || held)
		return r < 0 ? r : held;
	note(side, BENCH_SEND, sent);
	note(side, BENCH_NOTICE, heard);
	note(side, BENCH_FETCH, fetched);
	return 0;
}

static int open_pair(struct bench_side *side, struct pair *pair,
	const char *from, const char *to)
{
	if (pair->from)
		return 0;
	int r = pair_open(&side->relay, from, to, pair);
	pair->bytes = BENCH_MESSAGE_BYTES;
	return r;
}

static int measure_ping_pong(struct bench_side *side)
{
	int r = open_pair(side, &side->there, "alice", "bob");

	if (r == 0)
		r = open_pair(side, &side->back, "bob", "alice");
	if (r < 0)
		return r;
	uint64_t start = clock_usec();
	int ping = pass(side, &side->there, ++side->n_there);
	if (ping < 0)
		return ping;
	int pong = pass(side, &side->back, ++side->n_back);
	if (pong < 0)
		return pong;
	if (ping == 0 && pong == 0)
		note(side, BENCH_PING_PONG, lap(&start));
	return 0;
}

/* By carol, since alice has used up some of her minute. */
static int measure_ten(struct bench_side *side)
{
	AUTO_PAIR struct pair pair = PAIR_NONE;
	struct probe_relay *p = &side->relay;
	int r = open_pair(side, &pair, "carol", "bob"), n_held = 0;
	uint64_t start = clock_usec(), first = start;

	for (int i = 0; r == 0 && i < BENCH_BURST; i++) {
		r = send_by(side, &pair);
		n_held += r > 0;
		r = r < 0 ? r : 0;
	}
	uint64_t sent = lap(&start);
	if (r == 0)
		r = pair_hear(p, &pair, BENCH_BURST);
	if (r == 0)
		r = pair_read(p, &pair, "1:10");
	uint64_t received = lap(&first);
	if (r == 0)
		r = mail_empty(&pair.waiter, "INBOX", &p->why);
	if (r < 0 || n_held > 0)
		return r;
	note(side, BENCH_SEND_TEN, sent);
	note(side, BENCH_RECEIVE_TEN, received);
	return 0;
}

static int measure_echo(struct bench_side *side)
{
	AUTO_FREE char *text =
		xasprintf("round %zu", side->series[BENCH_ECHO].n);
	int r = apps_meet_echo(&side->relay);
	uint64_t start = clock_usec();

	if (r == 0)
		r = apps_ask_echo(&side->relay, text, text, NULL);
	if (r == 0)
		note(side, BENCH_ECHO, lap(&start));
	return r == PROBE_SKIP ? -ENOTSUP : r;
}

/* What is opened for a stage is emptied and closed after it. */
static int end_pairs(struct bench_side *side)
{
	struct pair *const pairs[] = { &side->there, &side->back };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (r == 0 && pairs[i]->from)
			r = pair_end(&side->relay, pairs[i]);
		pair_release(pairs[i]);
		*pairs[i] = PAIR_NONE;
	}
	return r;
}

static const struct stage {
	const char *what;
	int (*round)(struct bench_side *side);
	unsigned share; /* in a round of so many: it takes long */
} stages[] = {
	{ "IMAP logins", measure_imap, 1 }, { "SMTP logins", measure_smtp, 1 },
	{ "new accounts", measure_new, 1 },
	{ "ping-pong", measure_ping_pong, 1 },
	{ "ten at once", measure_ten, 2 },
	{ "echo bot", measure_echo, 1 }, /* the last one: only if asked for */
};

static void keep_failure(struct bench_side *side, const char *what, int r)
{
	if (r < 0 && !side->failure)
		side->failure =
			xasprintf("%s: %s", what, buf_str(&side->relay.why));
}

static void run_stage(struct bench *b, const struct stage *stage)
{
	unsigned n = (b->n_rounds + stage->share - 1) / stage->share;

	for (unsigned round = 0; round < n; round++) {
		for (size_t i = 0; i < b->n_sides; i++) {
			struct bench_side *side = &b->sides[i];
			if (side->failure)
				continue;
			if (b->progress)
				b->progress(stage->what,
					side->relay.config.mail_domain,
					round + 1, n);
			buf_reset(&side->relay.why);
			keep_failure(side, stage->what, stage->round(side));
		}
	}
	for (size_t i = 0; i < b->n_sides; i++)
		keep_failure(
			&b->sides[i], stage->what, end_pairs(&b->sides[i]));
}

void bench_run(struct bench *b)
{
	for (size_t i = 0; i < b->n_sides; i++) {
		struct probe_relay *p = &b->sides[i].relay;
		b->sides[i].there = PAIR_NONE;
		b->sides[i].back = PAIR_NONE;
		if (p->n_hosts == 0)
			keep_failure(&b->sides[i], "its address",
				probe_find_hosts(p, &p->why));
	}
	size_t n = ARRAY_LEN(stages) - (b->is_echo ? 0 : 1);
	for (size_t s = 0; s < n; s++)
		run_stage(b, &stages[s]);
	apps_end(&b->sides[0].relay);
}

void bench_release(struct bench *b)
{
	for (size_t i = 0; i < b->n_sides; i++) {
		for (int id = 0; id < BENCH_SERIES_N; id++)
			free(b->sides[i].series[id].v);
		free(b->sides[i].failure);
		probe_release(&b->sides[i].relay);
	}
}
