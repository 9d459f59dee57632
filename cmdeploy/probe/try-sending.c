/* Tries of sending: whose name, what content, how much, and what is left. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmdeploy/probe/letter.h"
#include "lib/num.h"

enum {
	RATE_MAX = 200,
	RECIPIENTS_MAX = 1000,
	WINDOW_SEC = 61,
	SIZE_TRIED_MAX_BYTES = 100 << 20,
};

static const char outsider[] = "nobody@example.org";

struct people {
	const struct probe_account *alice, *bob;
	struct mail smtp; /* alice's */
};

#define AUTO_PEOPLE __attribute__((cleanup(people_release)))

static void people_release(struct people *people)
{
	mail_close(&people->smtp);
}

static int people_meet(struct probe_relay *p, struct people *ret_people)
{
	*ret_people = (struct people){ .smtp = MAIL_NONE };
	int r = mail_account(p, "alice", &ret_people->alice);
	if (r == 0)
		r = mail_account(p, "bob", &ret_people->bob);
	return r < 0 ? r
		     : mail_smtp_login(p, &ret_people->smtp, ret_people->alice,
			       &p->why);
}

/* What alice sends has to be refused with this code. */
static int expect_code(struct probe_relay *p, const char *sender,
	const char *from, const char *to, bool is_clear, int want)
{
	AUTO_PEOPLE struct people all;
	int r = people_meet(p, &all);

	if (r < 0)
		return r;
	const struct letter letter = {
		.from = from ? from : all.alice->address,
		.to = to ? to : all.bob->address,
		.is_clear = is_clear,
	};
	int code = letter_send(&all.smtp, sender ? sender : all.alice->address,
		letter.to, &letter, &p->why);
	if (code < 0 || code == want)
		return code < 0 ? code : 0;
	r = mail_refused(&all.smtp, -EPERM, &p->why);
	buf_addf(&p->why, "; it has to be %d", want);
	return r;
}

static int try_sender(struct probe_relay *p)
{
	const struct probe_account *bob;
	int r = mail_account(p, "bob", &bob);

	return r < 0 ? r : expect_code(p, bob->address, NULL, NULL, false, 553);
}

static int try_from(struct probe_relay *p)
{
	const struct probe_account *bob;
	int r = mail_account(p, "bob", &bob);

	return r < 0 ? r : expect_code(p, NULL, bob->address, NULL, false, 500);
}

static int try_clear_out(struct probe_relay *p)
{
	return expect_code(p, NULL, NULL, outsider, true, 523);
}

static int try_clear_in(struct probe_relay *p)
{
	return expect_code(p, NULL, NULL, NULL, true, 523);
}

/* Dave writes to their own address until it is refused: how many passed. */
static int send_until_stopped(
	struct probe_relay *p, const struct probe_account *dave, int most)
{
	const struct letter letter = {
		.from = dave->address,
		.to = dave->address,
	};
	AUTO_MAIL struct mail smtp = MAIL_NONE;
	int r = mail_smtp_login(p, &smtp, dave, &p->why);

	for (int n = 0; r >= 0 && n < most; n++) {
		r = letter_send(
			&smtp, dave->address, dave->address, &letter, &p->why);
		if (r == 450)
			return n;
		if (r >= 0 && r != 250)
			return mail_refused(&smtp, -EPROTO, &p->why);
	}
	return r < 0 ? r : most;
}

static int empty_inbox_of(
	struct probe_relay *p, const struct probe_account *account)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = mail_imap_login(p, &m, account, &p->why);

	return r < 0 ? r : mail_empty(&m, "INBOX", &p->why);
}

/* What Dave sent in the minute before counts: then wait, and once more. */
static int try_rate(struct probe_relay *p)
{
	const struct timespec window = { .tv_sec = WINDOW_SEC };
	int limit = (int)p->config.max_user_send_per_minute;
	const struct probe_account *dave;

	if (limit > RATE_MAX || p->config.max_user_send_burst_size > 0)
		return because(&p->why, PROBE_SKIP,
			"more than %d messages, or a burst, would be needed",
			RATE_MAX);
	int r = mail_account(p, "dave", &dave);
	int n = r < 0 ? r : send_until_stopped(p, dave, limit + 1);
	if (n >= 0 && n < limit) {
		nanosleep(&window, NULL);
		n = send_until_stopped(p, dave, limit + 1);
	}
	r = n < 0 ? n : empty_inbox_of(p, dave);
	if (r < 0 || n == limit)
		return r;
	return because(&p->why, -EPERM,
		n > limit ? "%d messages pass in a minute; %d are allowed"
			  : "%d messages pass in a minute, and not %d",
		n, limit);
}

/* What a talkative program adds, and nobody should see. */
static const char chatter[] = "Received: from laptop ([10.9.8.7])\r\n"
			      "X-Originating-IP: 10.9.8.7\r\n"
			      "User-Agent: Talkative/1.0\r\n"
			      "X-Mailer: Talkative/1.0\r\n";

static int try_traces(struct probe_relay *p)
{
	static const char *const traces[] = { "10.9.8.7", "Talkative",
		"a secret", "test.invalid", "Received:" };
	AUTO_PEOPLE struct people all;
	AUTO_MAIL struct mail imap = MAIL_NONE;
	int r = people_meet(p, &all);

	if (r == 0)
		r = mail_imap_login(p, &imap, all.bob, &p->why);
	if (r == 0)
		r = mail_empty(&imap, "INBOX", &p->why);
	if (r < 0)
		return r;
	const struct letter letter = { .from = all.alice->address,
		.to = all.bob->address,
		.subject = "a secret",
		.headers = chatter };
	r = letter_deliver(&all.smtp, all.alice->address, all.bob->address,
		&letter, &p->why);
	if (r == 0)
		r = mail_fetch_first(&imap, &p->why);
	if (r == 0 && !mail_has_line(&imap, "Subject: [...]"))
		r = because(&p->why, -EPERM, "Subject is not [...]");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(traces); i++)
		if (strstr(buf_str(&imap.said), traces[i]))
			r = because(&p->why, -EPERM,
				"\"%s\" of the sender is left", traces[i]);
	return r < 0 ? r : mail_empty(&imap, "INBOX", &p->why);
}

/* How many recipients the relay promises; 0: it does not say. */
static int ask_recipients(
	struct probe_relay *p, struct mail *m, uint64_t *ret_n)
{
	static const char key[] = "/shared/vendor/deltachat/maxsmtprecipients";
	struct slice before, after, digits;
	int r = mail_imap(m, &p->why, "GETMETADATA \"\" %s", key);

	*ret_n = 0;
	if (r < 0)
		return r == -EACCES ? 0 : r;
	const char *found = strstr(buf_str(&m->said), key);
	/* A literal, {4} and the value on a line of its own; or in quotes. */
	if (found && slice_cut(slice_of(found), '\n', &before, &after) &&
		slice_cut(after, ')', &digits, &after) &&
		num_parse_max(digits, RECIPIENTS_MAX, ret_n) < 0)
		return because(&p->why, -EPROTO,
			"maxsmtprecipients is \"%.*s\", not a number up to %d",
			SLICE_FMT(digits), RECIPIENTS_MAX);
	return 0;
}

/* All of them are named, and then nothing is sent. */
static int try_recipients(struct probe_relay *p)
{
	AUTO_MAIL struct mail imap = MAIL_NONE;
	AUTO_PEOPLE struct people all;
	uint64_t n = 0;
	int r = people_meet(p, &all);

	if (r == 0)
		r = mail_imap_login(p, &imap, all.alice, &p->why);
	if (r == 0)
		r = ask_recipients(p, &imap, &n);
	if (r == 0 && n == 0)
		return because(&p->why, PROBE_SKIP,
			"the relay does not say how many it takes");
	if (r == 0)
		r = mail_smtp_expect(&all.smtp, 250, &p->why, "MAIL FROM:<%s>",
			all.alice->address);
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = mail_smtp_expect(&all.smtp, 250, &p->why,
			"RCPT TO:<tried%04u@%s>", i, p->accounts.domain);
	buf_addf(&p->note, "%u recipients", (unsigned)n);
	return r < 0 ? r : mail_smtp_expect(&all.smtp, 250, &p->why, "RSET");
}

/* The largest size, as EHLO announces it (RFC 1870); 0: it does not. */
static int ask_size(struct probe_relay *p, struct mail *smtp, uint64_t *ret_n)
{
	int r = mail_smtp_expect(smtp, 250, &p->why, "EHLO test.invalid");
	const char *found = strstr(buf_str(&smtp->said), "SIZE ");
	struct slice digits = slice_of(found ? found + 5 : "0"), rest;

	*ret_n = 0;
	if (r < 0)
		return r;
	if (!slice_cut(digits, '\n', &digits, &rest))
		digits = slice_trim(digits);
	return num_parse_u64(digits, ret_n) < 0
		? because(&p->why, -EPROTO, "SIZE is not a number")
		: 0;
}

static int try_size(struct probe_relay *p)
{
	AUTO_PEOPLE struct people all;
	uint64_t most = 0;
	int r = people_meet(p, &all);

	if (r == 0)
		r = ask_size(p, &all.smtp, &most);
	if (r < 0)
		return r;
	if (most == 0 || most > SIZE_TRIED_MAX_BYTES)
		return because(&p->why, PROBE_SKIP,
			"the largest size is not announced, or too much to "
			"be tried");
	if (p->is_ours && most != p->config.max_message_size)
		return because(&p->why, -EPROTO,
			"SIZE is %llu; max_message_size of chatmail.ini is "
			"%llu",
			(unsigned long long)most,
			(unsigned long long)p->config.max_message_size);
	const char *alice = all.alice->address;
	const struct letter letter = {
		.from = alice, .to = alice, .bytes = most
	};
	r = mail_smtp_expect(&all.smtp, 552, &p->why,
		"MAIL FROM:<%s> SIZE=%llu", alice,
		(unsigned long long)most + 1);
	/* Postfix would refuse the next one as well, whatever its size. */
	if (r == 0)
		r = mail_reset(&all.smtp);
	if (r == 0)
		r = letter_deliver(&all.smtp, alice, alice, &letter, &p->why);
	return r < 0 ? r : empty_inbox_of(p, all.alice);
}

#define SUBMISSIONS    "names/port-465"
#define ADVICE_POSTFIX "\"cmdeploy run\" writes Postfix's settings again"
#define ADVICE_FILTER                                                          \
	"stop the relay until it is mended: see whether mail passes "          \
	"filtermail (smtpd_proxy_filter in master.cf)"

static const struct probe_try tries[] = {
	/* First: what a broken relay lets through next goes to the same
	   mailbox. */
	{ "traces", "no subject, program or address is left", ADVICE_POSTFIX,
		try_traces, .needs = SUBMISSIONS },
	{ "sender", "nobody sends as another user", ADVICE_POSTFIX, try_sender,
		.needs = SUBMISSIONS },
	{ "forged-from", "nobody writes another user's From", ADVICE_FILTER,
		try_from, .needs = SUBMISSIONS },
	{ "cleartext-out", "cleartext does not leave the relay", ADVICE_FILTER,
		try_clear_out, .needs = SUBMISSIONS },
	{ "cleartext-inside", "no cleartext between its users", ADVICE_FILTER,
		try_clear_in, .needs = SUBMISSIONS, .is_more = true },
	{ "recipients", "as many recipients as promised", ADVICE_POSTFIX,
		try_recipients, .needs = SUBMISSIONS },
	{ "size", "the largest message, and a byte more", ADVICE_POSTFIX,
		try_size, .needs = SUBMISSIONS },
	{ "rate", "the limit of messages in a minute",
		"compare max_user_send_per_minute, and see the log of "
		"filtermail",
		try_rate, .needs = SUBMISSIONS, .is_more = true },
	{ 0 },
};

const struct probe_group probe_sending = { "sending", tries };
