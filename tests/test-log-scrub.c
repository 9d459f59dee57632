/* What a log keeps of a line. */
#include "chatmaild/log/scrub.h"
#include "tests/test.h"

#define OWN "127.0.1.1"

static const struct {
	const char *name, *line, *want;
} cases[] = {
	{ "plain", "daemon started -- version 3.7.11",
		"daemon started -- version 3.7.11" },
	{ "empty", "", "" },
	{ "client", "connect from unknown[192.0.2.7]",
		"connect from unknown[IP]" },
	{ "port", "to 192.0.2.7:4711 refused", "to IP:4711 refused" },
	{ "v6", "connect from unknown[2001:db8::1]",
		"connect from unknown[IP]" },
	{ "mapped v6", "from ::ffff:192.0.2.7, gone", "from IP, gone" },
	{ "v6 before a colon", "2001:db8::1: timeout", "IP: timeout" },
	{ "a time is none", "Nov 23 00:04:56 host x[12]: y",
		"Nov 23 00:04:56 host x[12]: y" },
	{ "a version behind a letter is none", "Dovecot v2.3.19.1 (9b53)",
		"Dovecot v2.3.19.1 (9b53)" },
	{ "a long number is none", "size=1234567", "size=1234567" },
	{ "name of an address", "client=7.2.0.192.isp.example[192.0.2.7]",
		"client=IP.isp.example[IP]" },
	{ "own", "bind 127.0.1.1 port 25: Address already in use",
		"bind 127.0.1.1 port 25: Address already in use" },
	{ "not own", "127.0.1.11 127.0.1.1 127.0.1.2", "IP 127.0.1.1 IP" },
	{ "recipient",
		"A1: to=<anna.b@example.org>, relay=mx.example.org[192.0.2.1]"
		":25, delay=1, dsn=4.4.1, status=deferred (connect to "
		"mx.example.org[192.0.2.1]:25: Connection timed out)",
		"A1: to=<*@example.org>, relay=mx.example.org[IP]"
		":25, delay=1, dsn=4.4.1, status=deferred (connect to "
		"mx.example.org[IP]:25: Connection timed out)" },
	{ "literal", "from=<anna@[192.0.2.9]>, size=1",
		"from=<*@[IP]>, size=1" },
	{ "own literal", "from=<anna@[127.0.1.1]>, size=1",
		"from=<*@[127.0.1.1]>, size=1" },
	{ "null sender", "from=<>, size=1", "from=<>, size=1" },
	{ "equals sign", "from=<anna=b.test@example.org>",
		"from=<*@example.org>" },
	{ "quoted", "to=<\"anna b\"@example.org>", "to=<*@example.org>" },
	{ "slash", "to=<an/na@example.org>", "to=<*@example.org>" },
	{ "utf-8", "to=<\xc3\xa4nna@example.org>", "to=<*@example.org>" },
	{ "login", "sasl_method=PLAIN, sasl_username=anna@example.org",
		"sasl_method=PLAIN, sasl_username=*@example.org" },
	{ "path", "open(/home/vmail/mail/x.org/anna@x.org/cur) failed",
		"open(/home/vmail/mail/x.org/*@x.org/cur) failed" },
	{ "message id", "message-id=<ab-12@localhost>", "message-id=<*>" },
	{ "two", "<anna@a.test> <bert@b.test>", "<*@a.test> <*@b.test>" },
	{ "the name again",
		"to=<anna@a.test>, (said: 550 5.1.1 User Anna unknown, annas)",
		"to=<*@a.test>, (said: 550 5.1.1 User * unknown, annas)" },
	{ "greeting", "proto=ESMTP helo=<laptop-of-anna> x",
		"proto=ESMTP helo=<*> x" },
	{ "greeting cut short", "helo=<laptop", "helo=<*>" },
	{ "no name", "a @ b @c.test", "a @ b @c.test" },
	{ "control bytes", "a\rb\033c\td\177", "a?b?c\td?" },
	{ "subject",
		"Nov 23 00:04:56 h postfix/outgoing/cleanup[12]: A1: "
		"replace: header Subject: lunch from x[192.0.2.1]; "
		"from=<a@b> to=<c@d> proto=ESMTP helo=<e>: Subject: "
		"[...]",
		NULL },
	{ "no subject",
		"Nov 23 00:04:56 h postfix/smtpd[12]: A1: x: "
		"replace: header y",
		"Nov 23 00:04:56 h postfix/smtpd[12]: A1: x: "
		"replace: header y" },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = BUF_INIT(4096);
		bool is_kept =
			scrub_line(slice_of(cases[i].line), SLICE(OWN), &out);
		check_int(cases[i].name, is_kept, cases[i].want != NULL);
		check_str(cases[i].name, buf_str(&out),
			cases[i].want ? cases[i].want : "");
	}
	return test_end();
}
