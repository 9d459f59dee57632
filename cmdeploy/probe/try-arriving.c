/* Tries of mail from other servers: who may bring it, and what goes back. */
#include <errno.h>
#include <string.h>

#include "cmdeploy/probe/letter.h"

/* A domain that sends no mail (RFC 2606), and so signs none. */
static const char stranger[] = "stranger@example.org";

/* A signature by a key that nobody has published. */
#define SIGNATURE(domain)                                                      \
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=" domain ";"   \
	" s=nobody;\r\n h=From:To:Subject:Date; bh=47DEQpj8HBSa+/TImW+5JCeuQe" \
	"RkmNMpJWZG3hSuFU=;\r\n b=" /* of nothing */                           \
	"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1\r\n"

/* A stranger comes, whose mail is for Alice or names her. */
static int open_stranger(struct probe_relay *p, struct mail *m,
	const struct probe_account **ret_alice)
{
	int r = mail_account(p, "alice", ret_alice);

	return r < 0 ? r : mail_stranger_open(p, m, &p->why);
}

/* What arrives with these headers has to be refused, and say why. */
static int expect_refused(struct probe_relay *p, const char *headers)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	const struct probe_account *alice;
	int r = open_stranger(p, &m, &alice);

	if (r < 0)
		return r;
	const struct letter letter = {
		.from = stranger,
		.to = alice->address,
		.headers = headers,
	};
	int code = letter_send(&m, stranger, alice->address, &letter, &p->why);
	if (code < 0)
		return code;
	r = mail_refused(&m, -EPERM, &p->why);
	if (code == 451 && p->is_in_folder)
		return PROBE_SKIP;
	if (code != 554 || !strstr(buf_str(&m.said), "DKIM")) {
		buf_addf(&p->why, "; it has to be 554 and name DKIM");
		return r;
	}
	return 0;
}

static int try_unsigned(struct probe_relay *p)
{
	return expect_refused(p, NULL);
}

static int try_wrongly_signed(struct probe_relay *p)
{
	return expect_refused(p, SIGNATURE("example.org"));
}

static int try_signed_by_other(struct probe_relay *p)
{
	return expect_refused(p, SIGNATURE("example.com"));
}

/* A bounce of it would go to Alice, who has written nothing. */
static int try_forged_sender(struct probe_relay *p)
{
	AUTO_ACCOUNT struct probe_account nobody =
		probe_account_invent(p->accounts.domain, "nobody");
	AUTO_MAIL struct mail m = MAIL_NONE;
	const struct probe_account *alice;
	int r = open_stranger(p, &m, &alice);

	if (r < 0)
		return r;
	const struct letter letter = {
		.from = alice->address,
		.to = nobody.address,
	};
	int code = letter_send(
		&m, alice->address, nobody.address, &letter, &p->why);
	if (code < 0 || code / 100 == 5)
		return code < 0 ? code : 0;
	return mail_refused(&m, -EPERM, &p->why);
}

/*
 * The other relay cannot deliver to nobody, and says so: its bounce has to
 * pass our check of signatures.
 */
static int try_bounce(struct probe_relay *p)
{
	AUTO_MAIL struct mail imap = MAIL_NONE;
	AUTO_MAIL struct mail smtp = MAIL_NONE;
	const struct probe_account *alice;

	if (!p->second)
		return because(&p->why, PROBE_SKIP,
			"--second DOMAIN names a relay for it");
	AUTO_FREE char *domain = probe_second_domain(p);
	AUTO_FREE char *nobody = xasprintf("nobody-is-there@%s", domain);
	int r = mail_account(p, "alice", &alice);
	if (r == 0)
		r = mail_imap_login(p, &imap, alice, &p->why);
	if (r == 0)
		r = mail_empty(&imap, "INBOX", &p->why);
	if (r == 0)
		r = mail_smtp_login(p, &smtp, alice, &p->why);
	if (r < 0)
		return r;
	const struct letter letter = { .from = alice->address, .to = nobody };
	r = letter_deliver(&smtp, alice->address, nobody, &letter, &p->why);
	if (r == 0)
		r = mail_fetch_first(&imap, &p->why);
	if (r == 0 && !strstr(buf_str(&imap.said), "multipart/report"))
		r = because(&p->why, -EPROTO, "what came is not a bounce");
	return r < 0 ? r : mail_empty(&imap, "INBOX", &p->why);
}

#define PORT_25 "names/port-25"
#define ADVICE                                                                 \
	"see whether mail of port 25 passes filtermail (smtpd_proxy_filter "   \
	"in master.cf), and its log"

static const struct probe_try tries[] = {
	{ "unsigned", "mail without a signature is refused", ADVICE,
		try_unsigned, .needs = PORT_25 },
	{ "wrongly-signed", "a signature without a key is refused", ADVICE,
		try_wrongly_signed, .needs = PORT_25 },
	{ "signed-by-other", "another domain's signature is refused", ADVICE,
		try_signed_by_other, .needs = PORT_25 },
	{ "forged-sender", "no bounce to a user who did not write",
		"\"cmdeploy run\" writes Postfix's settings again",
		try_forged_sender, .needs = PORT_25 },
	{ "bounce", "a bounce of the second relay arrives",
		"see the mail logs of both relays: the queue, DKIM, and DNS",
		try_bounce, .needs = PORT_25 },
	{ 0 },
};

const struct probe_group probe_arriving = { "arriving", tries };
