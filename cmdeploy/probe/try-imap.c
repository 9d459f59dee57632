/* Tries of IMAP: what apps depend on in a mailbox, and how soon it tells. */
#include <errno.h>
#include <string.h>

#include "cmdeploy/probe/letter.h"
#include "cmdeploy/probe/pair.h"
#include "lib/clock.h"

enum {
	NOTICES_N = 50,
	QUICK_N = 5,
	QUICK_USEC_MAX = 100000,
	TOKEN_MAX_BYTES = 4096,
};

/* IMAP of the account of a role. */
static int log_in(struct probe_relay *p, struct mail *m, const char *role)
{
	const struct probe_account *account;
	int r = mail_account(p, role, &account);

	return r < 0 ? r : mail_imap_login(p, m, account, &p->why);
}

static int want_words(struct probe_relay *p, const char *const *words)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = log_in(p, &m, "alice");

	if (r == 0)
		r = mail_imap(&m, &p->why, "CAPABILITY");
	for (size_t i = 0; r == 0 && words[i]; i++)
		if (!slice_has_word(buf_slice(&m.said), words[i]))
			r = because(&p->why, -EPROTO, "it does not announce %s",
				words[i]);
	return r;
}

static int try_capabilities(struct probe_relay *p)
{
	static const char *const words[] = { "IMAP4rev1", "IDLE", "MOVE",
		"QUOTA", "METADATA", "ID", NULL };

	return want_words(p, words);
}

static int try_push_words(struct probe_relay *p)
{
	static const char *const words[] = { "XCHATMAIL", "XDELTAPUSH", NULL };

	return want_words(p, words);
}

static int try_metadata(struct probe_relay *p)
{
	static const char key[] = "/shared/vendor/deltachat/maxsmtprecipients";
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = log_in(p, &m, "alice");

	if (r == 0)
		r = mail_imap(&m, &p->why, "GETMETADATA \"\" (%s)", key);
	if (r == 0 && !strstr(buf_str(&m.said), key))
		return because(&p->why, -EPROTO, "%s has no value", key);
	return r;
}

/*
 * Erin gets no mail, so that nobody is notified by this token, which is another
 * one than that of an earlier run.
 */
static int try_token(struct probe_relay *p)
{
	AUTO_FREE char *token = xasprintf("cmdeploy-test-%08x", arc4random());
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = log_in(p, &m, "erin");

	if (r == 0)
		r = mail_imap(&m, &p->why,
			"SETMETADATA INBOX (/private/devicetoken \"%s\")",
			token);
	if (r == 0)
		r = mail_imap(&m, &p->why,
			"GETMETADATA INBOX (/private/devicetoken)");
	if (r == 0 && !strstr(buf_str(&m.said), token))
		return because(&p->why, -EPROTO,
			"the token that was set does not come back");
	return r;
}

/* Whoever may store without end fills the disk. */
static int try_metadata_limit(struct probe_relay *p)
{
	AUTO_BUF struct buf token = BUF_INIT(2 * TOKEN_MAX_BYTES);
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = log_in(p, &m, "erin");

	for (int i = 0; i < TOKEN_MAX_BYTES + 1; i++)
		buf_add_char(&token, 'x');
	if (r == 0)
		r = mail_imap(&m, &p->why,
			"SETMETADATA INBOX (/private/devicetoken \"%s\")",
			buf_str(&token));
	if (r == 0)
		return because(&p->why, -EPERM,
			"a token of %d bytes is accepted", TOKEN_MAX_BYTES + 1);
	return r == -EACCES ? 0 : r;
}

static int try_quota(struct probe_relay *p)
{
	AUTO_FREE char *limit = xasprintf(
		" %llu", (unsigned long long)p->config.max_mailbox_size / 1024);
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = log_in(p, &m, "alice");

	if (r == 0)
		r = mail_imap(&m, &p->why, "GETQUOTAROOT INBOX");
	if (r == 0 && !strstr(buf_str(&m.said), "(STORAGE "))
		return because(&p->why, -EPROTO, "there is no quota");
	if (r == 0 && p->is_ours && !strstr(buf_str(&m.said), limit))
		return because(&p->why, -EPROTO,
			"the quota is not max_mailbox_size of chatmail.ini, "
			"%s KB",
			limit + 1);
	return r;
}

static int try_move(struct probe_relay *p)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 16);
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = log_in(p, &m, "alice");

	letter_add(&text,
		&(struct letter){
			.from = "a@localhost",
			.to = "a@localhost",
		});
	if (r == 0)
		r = mail_empty(&m, "INBOX", &p->why);
	if (r == 0)
		r = mail_imap(&m, &p->why, "APPEND INBOX {%zu}", text.len);
	if (r == 0)
		r = mail_imap_literal(&m, buf_slice(&text), &p->why);
	/* It is there when an earlier run has made it. */
	if (r == 0 && mail_imap(&m, &p->why, "CREATE Tried") == -EPROTO)
		r = -EPROTO;
	if (r == 0)
		r = mail_empty(&m, "Tried", &p->why);
	if (r == 0)
		r = mail_imap(&m, &p->why, "SELECT INBOX");
	if (r == 0)
		r = mail_imap(&m, &p->why, "MOVE 1 Tried");
	if (r == 0)
		r = mail_imap(&m, &p->why, "STATUS Tried (MESSAGES)");
	if (r == 0 && strstr(buf_str(&m.said), "MESSAGES 0"))
		r = because(&p->why, -EPROTO, "MOVE has lost the message");
	if (r == 0)
		r = mail_empty(&m, "Tried", &p->why);
	return r;
}

/* In twos, so that the second comes while the first is being told of. */
static int try_idle(struct probe_relay *p)
{
	AUTO_PAIR struct pair pair;
	int r = pair_open(p, "carol", "bob", &pair);

	for (int n = 0; r == 0 && n < NOTICES_N; n += 2) {
		r = pair_send(p, &pair);
		if (r == 0)
			r = pair_send(p, &pair);
		if (r == 0)
			r = pair_hear(p, &pair, n + 2);
	}
	return r < 0 ? r : pair_end(p, &pair);
}

/* The quickest of some, since a network only makes them slower. */
static int try_quick(struct probe_relay *p)
{
	AUTO_PAIR struct pair pair;
	uint64_t best = UINT64_MAX;
	int r = pair_open(p, "alice", "bob", &pair);

	for (int n = 1; r == 0 && n <= QUICK_N; n++) {
		r = pair_send(p, &pair);
		uint64_t start = clock_usec();
		if (r == 0)
			r = pair_hear(p, &pair, n);
		if (clock_usec() - start < best)
			best = clock_usec() - start;
	}
	if (r == 0)
		r = pair_end(p, &pair);
	if (r == 0 && best > QUICK_USEC_MAX)
		return because(&p->why, -ETIMEDOUT,
			"IDLE tells %d ms after the message was accepted; "
			"%d ms are promised",
			(int)(best / 1000), QUICK_USEC_MAX / 1000);
	buf_addf(&p->note, "%.1f ms after the message was accepted",
		(double)best / 1000);
	return r;
}

#define IMAPS          "names/port-993"
#define ADVICE_DOVECOT "\"cmdeploy run\" writes Dovecot's settings again"
#define ADVICE_METADATA                                                        \
	"see whether chatmail-metadata runs, by \"cmdeploy status\""
#define ADVICE_IDLE                                                            \
	"see the log of Dovecot, and fs.inotify.max_user_instances in "        \
	"\"cmdeploy status\""

static const struct probe_try tries[] = {
	{ "capabilities", "what apps need is announced", ADVICE_DOVECOT,
		try_capabilities, .needs = IMAPS },
	{ "push-words", "apps learn that there is push", ADVICE_DOVECOT,
		try_push_words, .needs = IMAPS },
	{ "metadata", "the relay tells how many recipients", ADVICE_METADATA,
		try_metadata, .needs = IMAPS, .is_more = true },
	{ "device-token", "a device token is kept", ADVICE_METADATA, try_token,
		.needs = IMAPS },
	{ "metadata-limit", "a device token has a largest size",
		ADVICE_METADATA, try_metadata_limit, .needs = IMAPS,
		.is_more = true },
	{ "quota", "a mailbox has a quota", ADVICE_DOVECOT, try_quota,
		.needs = IMAPS },
	{ "move", "a message is moved to another folder", ADVICE_DOVECOT,
		try_move, .needs = IMAPS },
	{ "idle", "of 50 messages each one is noticed", ADVICE_IDLE, try_idle,
		.needs = IMAPS },
	{ "idle-quick", "notice within 100 ms",
		"see whether instant-idle is loaded, in the log of Dovecot",
		try_quick, .needs = "imap/idle", .is_more = true },
	{ 0 },
};

const struct probe_group probe_imap = { "imap", tries };
