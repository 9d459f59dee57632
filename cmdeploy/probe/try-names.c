/* Tries of names and ports: addresses, TLS, certificates, STARTTLS. */
#include <errno.h>
#include <openssl/ssl.h>
#include <string.h>

#include "cmdeploy/dns/check.h"
#include "cmdeploy/probe/mail.h"

enum {
	DAY_SEC = 86400,
	DAYS_LEFT_MIN = 7,
	INJECTED_MSEC = 300,
};

static int try_address(struct probe_relay *p)
{
	for (size_t i = 0; i < p->n_hosts; i++)
		buf_addf(&p->note, "%s%s", i ? ", " : "", p->hosts[i]);
	return 0;
}

/*
 * What only the host knows, its keys, is not known here: then something has to
 * be published, and anything will do.
 */
static bool is_fault(const struct dns_finding *f)
{
	return f->is_grave && (f->verdict != DNS_NOT_YET || !f->found[0]);
}

/* As `cmdeploy dns` compares them, for the addresses that were found here. */
static int try_records(struct probe_relay *p)
{
	AUTO_BUF struct buf faults = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dns_facts facts = { 0 };
	struct dns_report report;

	if (p->is_in_folder || p->config.is_ip_literal)
		return because(
			&p->why, PROBE_SKIP, "the relay needs no DNS records");
	words_add_all(&facts.addresses, (const char *const *)p->hosts);
	int r = dns_check(&p->config, &facts, false, &report, &p->why);
	dns_facts_release(&facts);
	if (r < 0)
		return r;
	for (size_t i = 0; i < report.n; i++) {
		if (!is_fault(&report.v[i]))
			continue;
		buf_add_str(&faults, faults.len > 0 ? "; " : "");
		dns_finding_tell(&report.v[i], &faults);
	}
	dns_report_release(&report);
	return faults.len > 0
		? because(&p->why, -ENOENT, "%s", buf_str(&faults))
		: 0;
}

/* nginx answers those only who ask for the relay's own name. */
static int ask_web(struct wire *w, const char *host, struct buf *why)
{
	AUTO_FREE char *text = xasprintf("HEAD / HTTP/1.1\r\nHost: %s\r\n"
					 "Connection: close\r\n\r\n",
		host);

	return wire_send(w, slice_of(text), why);
}

/* The protocol behind a port, as the greeting tells it. */
static int greet(const struct probe_relay *p, struct wire *w, struct buf *why)
{
	unsigned port = p->current->port;
	const char *alpn = p->current->alpn;
	bool is_imap = port == PORT_IMAP || port == PORT_IMAPS ||
		(alpn && strcmp(alpn, "imap") == 0);
	bool is_web = port == PORT_HTTP || (port == PORT_HTTPS && !alpn);
	const char *want = is_web ? "HTTP/1." : is_imap ? "* OK" : "220";
	struct slice line;
	int r = is_web ? ask_web(w, p->config.mail_domain, why) : 0;

	if (r == 0)
		r = wire_expect_line(w, &line, why);
	if (r == 0 && !slice_starts(line, slice_of(want)))
		r = because(why, -EPROTO, "it says \"%.*s\", not \"%s\"",
			SLICE_FMT(slice_head(line, 200)), want);
	return r;
}

static bool is_tls_at_once(unsigned port)
{
	return port == PORT_HTTPS || port == PORT_SUBMISSIONS ||
		port == PORT_IMAPS;
}

static int judge_certificate(
	const struct probe_relay *p, struct wire *w, struct buf *why)
{
	const char *name = p->config.mail_domain;
	struct wire_certificate c;
	int r = wire_certificate(w, name, &c, why);

	if (r < 0)
		return r;
	if (c.left_sec <= 0)
		return because(
			why, -EKEYEXPIRED, "its certificate has expired");
	if (!c.is_for_name)
		return because(why, -EKEYREJECTED,
			"its certificate is not for %s", name);
	if (p->config.is_self_signed)
		return 0;
	if (c.broken)
		return because(why, -EKEYREJECTED,
			"its certificate is not trusted: %s", c.broken);
	if (c.left_sec < DAYS_LEFT_MIN * DAY_SEC)
		return because(why, -EKEYEXPIRED,
			"its certificate expires in %d days",
			(int)(c.left_sec / DAY_SEC));
	return 0;
}

/* The command that begins TLS, and the reply that allows it. */
static int start_tls(struct wire *w, unsigned port, struct slice command,
	const char *want, struct buf *why)
{
	struct slice line = SLICE_NONE;
	int r = 0;

	if (port != PORT_IMAP) {
		r = wire_send(w, SLICE("EHLO test.invalid\r\n"), why);
		do {
			if (r == 0)
				r = wire_expect_line(w, &line, why);
		} while (r == 0 && !slice_starts(line, SLICE("250 ")) &&
			slice_starts(line, SLICE("250-")));
	}
	if (r == 0)
		r = wire_send(w, command, why);
	if (r == 0)
		r = wire_expect_line(w, &line, why);
	if (r == 0 && !slice_starts_nocase(line, slice_of(want)))
		r = because(why, -EPROTO, "STARTTLS is refused: %.*s",
			SLICE_FMT(slice_head(line, 200)));
	return r;
}

static struct slice tls_command(unsigned port)
{
	return port == PORT_IMAP ? SLICE("t1 STARTTLS\r\n")
				 : SLICE("STARTTLS\r\n");
}

static const char *tls_reply(unsigned port)
{
	return port == PORT_IMAP ? "t1 OK" : "220";
}

/* One address: it answers in its protocol, and TLS is in order. */
static int try_port_of(struct probe_relay *p, const char *host, struct buf *why)
{
	const struct probe_try *try = p->current;
	const struct wire_tls tls = { p->config.mail_domain, try->alpn, 0 };
	AUTO_WIRE struct wire w = WIRE_NONE;
	unsigned port = try->port;
	int r = wire_open(&w, host, port, p->answer_sec, why);

	if (r < 0)
		return r;
	if (is_tls_at_once(port))
		r = wire_start_tls(&w, &tls, why);
	if (r == 0)
		r = greet(p, &w, why);
	if (r == 0 && port != PORT_HTTP && !is_tls_at_once(port)) {
		r = start_tls(
			&w, port, tls_command(port), tls_reply(port), why);
		if (r == 0)
			r = wire_start_tls(&w, &tls, why);
	}
	return r < 0 || port == PORT_HTTP ? r : judge_certificate(p, &w, why);
}

static int try_port(struct probe_relay *p)
{
	int r = 0;

	for (size_t i = 0; i < p->n_hosts; i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		int one = try_port_of(p, p->hosts[i], &why);
		if (one == 0)
			continue;
		buf_addf(&p->why, "%s%s port %u: %s", r ? "; " : "",
			p->hosts[i], p->current->port, buf_str(&why));
		r = one;
	}
	return r;
}

/* A version of TLS that nobody should be able to speak any more. */
static int try_old_tls(struct probe_relay *p)
{
	const unsigned ports[] = { PORT_HTTPS, PORT_SUBMISSIONS, PORT_IMAPS };
	const struct wire_tls tls = { p->config.mail_domain, NULL,
		TLS1_1_VERSION };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		AUTO_MAIL struct mail m = MAIL_NONE;
		r = mail_connect(p, &m, ports[i], &p->why);
		if (r < 0)
			return r;
		if (wire_start_tls(&m.wire, &tls, NULL) == 0)
			return because(&p->why, -EPROTO,
				"port %u speaks TLS 1.1 or older", ports[i]);
	}
	return 0;
}

/* For users: apps speak TLS 1.3. */
static int try_tls12(struct probe_relay *p)
{
	const struct wire_tls tls = { p->config.mail_domain, NULL,
		TLS1_2_VERSION };
	AUTO_MAIL struct mail m = MAIL_NONE;
	int r = mail_connect(p, &m, PORT_SUBMISSIONS, &p->why);

	if (r < 0)
		return r;
	if (wire_start_tls(&m.wire, &tls, NULL) == 0)
		return because(&p->why, -EPROTO, "port %u speaks TLS 1.2",
			PORT_SUBMISSIONS);
	return 0;
}

/*
 * A command behind STARTTLS in the same packet was sent by whoever sits
 * between (CVE-2011-0411): it must not be answered by TLS.
 */
static int try_injection_at(struct probe_relay *p, unsigned port)
{
	bool is_imap = port == PORT_IMAP;
	AUTO_MAIL struct mail m = MAIL_NONE;
	struct slice line;
	int r = mail_connect(p, &m, port, &p->why);

	if (r == 0)
		r = wire_expect_line(&m.wire, &line, &p->why);
	if (r == 0)
		r = start_tls(&m.wire, port,
			is_imap ? SLICE("t1 STARTTLS\r\nt2 CAPABILITY\r\n")
				: SLICE("STARTTLS\r\nNOOP\r\n"),
			tls_reply(port), &p->why);
	if (r < 0)
		return r;
	/* A server that ends the connection is right, too. */
	if (mail_start_tls(p, &m, NULL, NULL) < 0)
		return 0;
	if (wire_line(&m.wire, INJECTED_MSEC, &line) > 0)
		return because(&p->why, -EPROTO,
			"port %u answers by TLS to what was sent before it: "
			"%.*s",
			port, SLICE_FMT(slice_head(line, 100)));
	return 0;
}

static int try_injection(struct probe_relay *p)
{
	const unsigned ports[] = { PORT_SMTP, PORT_IMAP, PORT_SUBMISSION };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(ports); i++)
		r = try_injection_at(p, ports[i]);
	return r;
}

/* Somebody who listens must not get a password. */
static int try_plain_login(struct probe_relay *p)
{
	AUTO_MAIL struct mail m = MAIL_NONE;
	struct slice line;
	int r = mail_connect(p, &m, PORT_IMAP, &p->why);

	if (r == 0)
		r = wire_expect_line(&m.wire, &line, &p->why);
	if (r == 0)
		r = mail_imap(&m, &p->why, "LOGIN \"nobody\" \"nothing\"");
	if (r == 0 ||
		(!mail_has_line(&m, "t1 NO [PRIVACYREQUIRED]") &&
			!mail_has_line(&m, "t1 BAD ")))
		return because(&p->why, -EPROTO,
			"port %u does not refuse LOGIN without TLS", PORT_IMAP);
	return 0;
}

#define ADDRESS "names/address"
#define ADVICE_PORT                                                            \
	"see \"cmdeploy status\"; open the port in the firewall and at the "   \
	"provider"
#define PORT(label, number, protocol, text)                                    \
	{                                                                      \
		.name = label, .what = text, .advice = ADVICE_PORT,            \
		.run = try_port, .needs = ADDRESS, .port = number,             \
		.alpn = protocol,                                              \
	}

static const struct probe_try tries[] = {
	{
		.name = "address",
		.what = "the domain has addresses",
		.advice = "publish an A record: see \"cmdeploy dns\"",
		.run = try_address,
	},
	{
		.name = "records",
		.what = "the DNS records that a relay needs",
		.advice = "\"cmdeploy dns\" shows the lines to publish",
		.run = try_records,
		.needs = ADDRESS,
		.is_more = true,
	},
	PORT("port-25", PORT_SMTP, NULL, "SMTP with STARTTLS, certificate"),
	PORT("port-80", PORT_HTTP, NULL, "HTTP"),
	PORT("port-143", PORT_IMAP, NULL, "IMAP with STARTTLS, certificate"),
	PORT("port-443", PORT_HTTPS, NULL, "HTTPS, certificate"),
	PORT("port-443-imap", PORT_HTTPS, "imap",
		"IMAP by ALPN on the web port"),
	PORT("port-443-smtp", PORT_HTTPS, "smtp",
		"SMTP by ALPN on the web port"),
	PORT("port-465", PORT_SUBMISSIONS, NULL, "SMTP by TLS, certificate"),
	PORT("port-587", PORT_SUBMISSION, NULL,
		"SMTP login with STARTTLS, certificate"),
	PORT("port-993", PORT_IMAPS, NULL, "IMAP by TLS, certificate"),
	{
		.name = "old-tls",
		.what = "TLS 1.1 and older are refused",
		.advice = "\"cmdeploy run\" writes the TLS settings again",
		.run = try_old_tls,
		.needs = ADDRESS,
	},
	{
		.name = "tls-1.3",
		.what = "users speak TLS 1.3 only",
		.advice = "\"cmdeploy run\" writes the TLS settings again",
		.run = try_tls12,
		.needs = ADDRESS,
		.is_more = true,
	},
	{
		.name = "injection",
		.what = "no commands from before STARTTLS",
		.advice = "upgrade Postfix and Dovecot: \"apt upgrade\"",
		.run = try_injection,
		.needs = ADDRESS,
	},
	{
		.name = "plain-login",
		.what = "no login without TLS",
		.advice = "\"cmdeploy run\" writes the settings of mailproxy "
			  "again",
		.run = try_plain_login,
		.needs = ADDRESS,
	},
	{ 0 },
};

const struct probe_group probe_names = { "names", tries };
