/* Tries of accounts: who gets one, who gets in, and what strangers learn. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/probe/mail.h"
#include "lib/clock.h"

enum {
	AT_ONCE_N = 10,
	GUESSES_N = 5,
	/* Between somebody who is there and somebody who is not. */
	SLOWER_USEC_MAX = 50000,
};

/* A login of its own thread. */
struct entrant {
	struct probe_relay *p;
	const struct probe_account *account;
	bool is_smtp;
	pthread_t thread;
	struct buf why;
	int r;
};

static void *enter(void *arg)
{
	struct entrant *e = arg;
	AUTO_MAIL struct mail m = MAIL_NONE;

	e->r = e->is_smtp ? mail_smtp_login(e->p, &m, e->account, &e->why)
			  : mail_imap_login(e->p, &m, e->account, &e->why);
	return NULL;
}

/*
 * All of them at the same moment; the first reason of those that failed by
 * another error than `expected` (0: by any).
 */
static int enter_together(
	struct probe_relay *p, struct entrant *v, size_t n, int expected)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		v[i].p = p;
		v[i].why = BUF_INIT(BUF_WHY_MAX_BYTES);
		v[i].r = -EAGAIN;
		if (pthread_create(&v[i].thread, NULL, enter, &v[i]) != 0)
			v[i].p = NULL;
	}
	for (size_t i = 0; i < n; i++) {
		if (v[i].p)
			pthread_join(v[i].thread, NULL);
		if (v[i].r < 0 && v[i].r != expected && r == 0)
			r = because(&p->why, v[i].r, "login %zu of %zu: %s",
				i + 1, n, buf_str(&v[i].why));
		buf_release(&v[i].why);
	}
	return r;
}

static struct probe_account somebody(const struct probe_relay *p)
{
	return probe_account_invent(p->accounts.domain, "somebody");
}

static int try_imap_first(struct probe_relay *p)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	AUTO_ACCOUNT struct probe_account new = somebody(p);

	return mail_imap_login(p, &m, &new, &p->why);
}

static int try_smtp_first(struct probe_relay *p)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	AUTO_ACCOUNT struct probe_account new = somebody(p);

	return mail_smtp_login(p, &m, &new, &p->why);
}

/* As the app does it. */
static int try_both_first(struct probe_relay *p)
{
	AUTO_ACCOUNT struct probe_account new = somebody(p);
	struct entrant v[] = { { .account = &new },
		{ .account = &new, .is_smtp = true } };

	return enter_together(p, v, ARRAY_LEN(v), 0);
}

static int try_ten_first(struct probe_relay *p)
{
	AUTO_ACCOUNT struct probe_account new = somebody(p);
	struct entrant v[AT_ONCE_N] = { 0 };

	for (size_t i = 0; i < AT_ONCE_N; i++) {
		v[i].account = &new;
		v[i].is_smtp = i % 2;
	}
	return enter_together(p, v, AT_ONCE_N, 0);
}

static int try_again(struct probe_relay *p)
{
	AUTO_MAIL struct mail imap = MAIL_NONE;
	AUTO_MAIL struct mail smtp = MAIL_NONE;
	const struct probe_account *alice;
	int r = mail_account(p, "alice", &alice);

	if (r == 0)
		r = mail_imap_login(p, &imap, alice, &p->why);
	if (r == 0)
		r = mail_smtp_login(p, &smtp, alice, &p->why);
	return r;
}

/* Neither IMAP nor SMTP may let this one in; both make who is wrong wait. */
static int expect_refused(struct probe_relay *p,
	const struct probe_account *account, const char *what)
{
	struct entrant v[] = { { .account = account },
		{ .account = account, .is_smtp = true } };
	int r = enter_together(p, v, ARRAY_LEN(v), -EACCES);

	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (v[i].r == 0)
			return because(&p->why, -EPERM, "%s lets in %s",
				v[i].is_smtp ? "SMTP" : "IMAP", what);
	return r;
}

static int try_wrong_password(struct probe_relay *p)
{
	AUTO_ACCOUNT struct probe_account thief = somebody(p);
	const struct probe_account *alice;
	int r = mail_account(p, "alice", &alice);

	if (r < 0)
		return r;
	free(thief.address);
	thief.address = xstrdup(alice->address);
	return expect_refused(p, &thief, "who has a wrong password");
}

static int try_short_password(struct probe_relay *p)
{
	AUTO_ACCOUNT struct probe_account new = somebody(p);

	if (p->config.password_min_length <= 1 ||
		p->config.password_min_length > strlen(new.password))
		return because(&p->why, PROBE_SKIP,
			"password_min_length allows any password");
	new.password[p->config.password_min_length - 1] = '\0';
	return expect_refused(p, &new, "a new user with a password too short");
}

static int try_foreign(struct probe_relay *p)
{
	AUTO_ACCOUNT struct probe_account new =
		probe_account_invent("other.example", "somebody");

	return expect_refused(p, &new, "who has an address elsewhere");
}

/* Their mailboxes are different ones. */
static int try_same_password(struct probe_relay *p)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	AUTO_ACCOUNT struct probe_account new = somebody(p);
	const struct probe_account *alice;
	int r = mail_account(p, "alice", &alice);

	if (r < 0)
		return r;
	free(new.password);
	new.password = xstrdup(alice->password);
	return mail_imap_login(p, &m, &new, &p->why);
}

/* The reply, without the address that was asked about, and how long. */
static int ask_for(struct mail *m, const char *command, const char *address,
	int *ret_code, uint64_t *ret_usec, struct buf *why)
{
	AUTO_FREE char *text = xasprintf("%s<%s>", command, address);
	uint64_t start = clock_usec();
	int r = mail_smtp(m, why, text);

	if (r < 0)
		return r;
	*ret_code = r;
	*ret_usec = clock_usec() - start;
	return 0;
}

/*
 * Both are asked about several times; of each the quickest answer counts,
 * since a network only makes them slower.
 */
static int compare_answers(struct probe_relay *p, struct mail *m,
	const char *command, const char *there, const char *nobody)
{
	uint64_t best[2] = { UINT64_MAX, UINT64_MAX };
	int code[2] = { 0 };

	for (int i = 0; i < 2 * GUESSES_N; i++) {
		uint64_t usec = 0;
		int r = ask_for(m, command, i % 2 ? nobody : there,
			&code[i % 2], &usec, &p->why);
		if (r < 0)
			return r;
		if (usec < best[i % 2])
			best[i % 2] = usec;
	}
	if (code[0] != code[1])
		return because(&p->why, -EPERM,
			"%.4s: %d for an account, %d for a name that nobody "
			"has",
			command, code[0], code[1]);
	if (best[0] > best[1] + SLOWER_USEC_MAX ||
		best[1] > best[0] + SLOWER_USEC_MAX)
		return because(&p->why, -EPERM,
			"%.4s: %d ms for an account, %d ms for a name that "
			"nobody has",
			command, (int)(best[0] / 1000), (int)(best[1] / 1000));
	return 0;
}

/* Where it is switched off, one question tells; Postfix lets who errs wait. */
static int compare_vrfy(struct probe_relay *p, struct mail *m,
	const char *there, const char *nobody)
{
	int r = mail_smtp(m, &p->why, "VRFY <>");

	if (r < 0 || r == 502)
		return r < 0 ? r : 0;
	return compare_answers(p, m, "VRFY ", there, nobody);
}

/*
 * A stranger on port 25, who delivers nothing. The relay may refuse there whom
 * it does not know, so that it need not send a bounce to who did not write;
 * then VRFY tells nothing more.
 */
static int ask_as_stranger(
	struct probe_relay *p, const char *there, const char *nobody)
{
	AUTO_FREE char *to_nobody = xasprintf("RCPT TO:<%s>", nobody);
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = mail_stranger_open(p, &m, &p->why);

	if (r == 0)
		r = mail_smtp_expect(&m, 250, &p->why, "MAIL FROM:<>");
	if (r == 0)
		r = mail_smtp(&m, &p->why, to_nobody);
	if (r / 100 == 5) {
		buf_addf(&p->note,
			"port 25 refuses unknown recipients, in place of a "
			"bounce");
		return 0;
	}
	if (r >= 0)
		r = compare_answers(p, &m, "RCPT TO:", there, nobody);
	return r < 0 ? r : compare_vrfy(p, &m, there, nobody);
}

/* One of its own users. */
static int ask_as_user(struct probe_relay *p, const struct probe_account *user,
	const char *there, const char *nobody)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = mail_smtp_login(p, &m, user, &p->why);

	if (r == 0)
		r = compare_vrfy(p, &m, there, nobody);
	if (r == 0)
		r = mail_smtp_expect(
			&m, 250, &p->why, "MAIL FROM:<%s>", user->address);
	return r < 0 ? r : compare_answers(p, &m, "RCPT TO:", there, nobody);
}

static int try_no_names(struct probe_relay *p)
{
	AUTO_ACCOUNT struct probe_account nobody = somebody(p);
	const struct probe_account *alice, *bob;
	int r = mail_account(p, "alice", &alice);

	if (r == 0)
		r = mail_account(p, "bob", &bob);
	if (r == 0)
		r = ask_as_user(p, bob, alice->address, nobody.address);
	return r < 0 ? r : ask_as_stranger(p, alice->address, nobody.address);
}

#define IMAPS       "names/port-993"
#define SUBMISSIONS "names/port-465"
#define ADVICE_NEW                                                             \
	"see \"cmdeploy status\" for why nobody gets an account just now, "    \
	"and the log of doveauth"
#define ADVICE_AUTH                                                            \
	"see the log of doveauth, and that Dovecot and Postfix ask it"

static const struct probe_try tries[] = {
	{ "imap-first", "an account by its first login, IMAP", ADVICE_NEW,
		try_imap_first, .needs = IMAPS },
	{ "smtp-first", "an account by its first login, SMTP", ADVICE_NEW,
		try_smtp_first, .needs = SUBMISSIONS },
	{ "both-first", "first logins by IMAP and SMTP at once", ADVICE_NEW,
		try_both_first, .needs = IMAPS },
	{ "ten-first", "ten first logins of one user at once", ADVICE_NEW,
		try_ten_first, .needs = IMAPS },
	{ "again", "a login to an account that is there", ADVICE_AUTH,
		try_again, .needs = IMAPS },
	{ "wrong-password", "a wrong password is refused", ADVICE_AUTH,
		try_wrong_password, .needs = IMAPS },
	{ "short-password", "no account with a password too short", ADVICE_AUTH,
		try_short_password, .needs = IMAPS },
	{ "foreign", "no account of another domain", ADVICE_AUTH, try_foreign,
		.needs = IMAPS },
	{ "same-password", "two users with the same password", ADVICE_AUTH,
		try_same_password, .needs = IMAPS },
	{ "no-names", "nobody learns who has an account",
		"\"cmdeploy run\" writes Postfix's settings again",
		try_no_names, .needs = "names/port-25" },
	{ 0 },
};

const struct probe_group probe_accounts = { "accounts", tries };
