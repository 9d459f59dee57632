/* A sender and who waits for their mail (pair.h). */
#include "cmdeploy/probe/pair.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/probe/letter.h"
#include "lib/clock.h"

enum {
	NOTICE_SEC = 10,
};

void pair_release(struct pair *pair)
{
	mail_close(&pair->waiter);
	mail_close(&pair->sender);
}

int pair_idle(struct probe_relay *p, struct pair *pair)
{
	return mail_imap(&pair->waiter, &p->why, "IDLE");
}

int pair_open(struct probe_relay *p, const char *from, const char *to,
	struct pair *ret_pair)
{
	struct pair *pair = ret_pair;

	*pair = PAIR_NONE;
	int r = mail_account(p, from, &pair->from);
	if (r == 0)
		r = mail_account(p, to, &pair->to);
	if (r == 0)
		r = mail_imap_login(p, &pair->waiter, pair->to, &p->why);
	if (r == 0)
		r = mail_empty(&pair->waiter, "INBOX", &p->why);
	if (r == 0)
		r = pair_idle(p, pair);
	if (r == 0)
		r = mail_smtp_login(p, &pair->sender, pair->from, &p->why);
	return r;
}

int pair_send(struct probe_relay *p, struct pair *pair)
{
	const struct letter letter = {
		.from = pair->from->address,
		.to = pair->to->address,
		.bytes = pair->bytes,
	};

	return letter_deliver(&pair->sender, pair->from->address,
		pair->to->address, &letter, &p->why);
}

int pair_hear(struct probe_relay *p, struct pair *pair, int n)
{
	AUTO_FREE char *want = xasprintf("* %d EXISTS", n);
	int sec = p->answer_sec < NOTICE_SEC ? p->answer_sec : NOTICE_SEC;
	uint64_t end = clock_msec() + (uint64_t)sec * 1000;
	struct slice line;

	for (uint64_t now; (now = clock_msec()) < end;) {
		int r = wire_line(&pair->waiter.wire, (int)(end - now), &line);
		if (r < 0)
			return because(&p->why, r, "IDLE: %s", strerror(-r));
		if (r > 0 && slice_starts(line, slice_of(want)))
			return 0;
	}
	return because(&p->why, -ETIMEDOUT,
		"IDLE has not told of message %d within %d s", n, sec);
}

static int end_idle(struct probe_relay *p, struct pair *pair)
{
	int r = wire_send(&pair->waiter.wire, SLICE("DONE"), &p->why);

	return r < 0 ? r
		     : mail_imap_literal(&pair->waiter, SLICE_NONE, &p->why);
}

int pair_read(struct probe_relay *p, struct pair *pair, const char *set)
{
	int r = end_idle(p, pair);

	return r < 0 ? r
		     : mail_imap(&pair->waiter, &p->why, "FETCH %s BODY.PEEK[]",
			       set);
}

int pair_end(struct probe_relay *p, struct pair *pair)
{
	int r = end_idle(p, pair);

	return r < 0 ? r : mail_empty(&pair->waiter, "INBOX", &p->why);
}
