#include "cmdeploy/dns/message.h"

#include <errno.h>

#include "cmdeploy/dns/zones.h"
#include "tests/test.h"

/* A response to "r.test A", id 0x1234, with n answers; and a record. */
#define HEAD(n)       "\x12\x34\x84\0\0\1\0" n "\0\0\0\0\1r\4test\0\0\1\0\1"
#define RR(type, len) "\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" len
#define RR_CAA        "\xc0\x0c\1\1\0\1\0\0\0\x3c\0\x9"

static const struct {
	const char *name;
	struct slice bytes;
	int r;
	const char *want; /* the records' data, joined by "|" */
} messages[] = {
	{ "no record", SLICE(HEAD("\0")), 0, "" },
	{ "A", SLICE(HEAD("\1") RR("\1", "\4") "\xc0\0\2\1"), 0, "192.0.2.1" },
	{ "AAAA",
		SLICE(HEAD("\1") RR("\x1c", "\x10") "\x20\1\xd\xb8\0\0\0\0\0"
						    "\0\0\0\0\0\0\1"),
		0, "2001:db8::1" },
	{ "CNAME, compressed", SLICE(HEAD("\1") RR("\5", "\6") "\3Www\xc0\x0c"),
		0, "www.r.test" },
	{ "CNAME of the root", SLICE(HEAD("\1") RR("\5", "\1") "\0"), 0, "." },
	{ "MX", SLICE(HEAD("\1") RR("\xf", "\4") "\0\xa\xc0\x0c"), 0,
		"10 r.test" },
	{ "SRV", SLICE(HEAD("\1") RR("\x21", "\x8") "\0\0\0\1\2\x4b\xc0\x0c"),
		0, "0 1 587 r.test" },
	{ "TXT in two strings", SLICE(HEAD("\1") RR("\x10", "\6") "\2ab\2cd"),
		0, "abcd" },
	{ "TXT, empty", SLICE(HEAD("\1") RR("\x10", "\1") "\0"), 0, "" },
	{ "TXT, string too long", SLICE(HEAD("\1") RR("\x10", "\3") "\3ab"),
		-EBADMSG, NULL },
	{ "CAA", SLICE(HEAD("\1") RR_CAA "\0\5issueca"), 0, "0 issue ca" },
	{ "CAA, tag of another kind", SLICE(HEAD("\1") RR_CAA "\0\5is\nueca"),
		-EBADMSG, NULL },
	{ "two records",
		SLICE(HEAD("\2") RR("\1", "\4") "\xc0\0\2\1" RR(
			"\1", "\4") "\xc0\0\2\2"),
		0, "192.0.2.1|192.0.2.2" },
	{ "unknown type", SLICE(HEAD("\1") RR("\xf0", "\2") "xy"), 0, "" },
	{ "A of five bytes", SLICE(HEAD("\1") RR("\1", "\5") "\xc0\0\2\1\0"),
		-EBADMSG, NULL },
	{ "A of three bytes", SLICE(HEAD("\1") RR("\1", "\3") "\xc0\0\2"),
		-EBADMSG, NULL },
	{ "MX without name", SLICE(HEAD("\1") RR("\xf", "\2") "\0\xa"),
		-EBADMSG, NULL },
	{ "name that points to itself",
		SLICE(HEAD("\1") RR("\5", "\2") "\xc0\x24"), -EBADMSG, NULL },
	{ "name that points outside",
		SLICE(HEAD("\1") RR("\5", "\2") "\xff\xff"), -EBADMSG, NULL },
	{ "record beyond the end", SLICE(HEAD("\1") RR("\1", "\4") "\xc0\0"),
		-EBADMSG, NULL },
	{ "fewer records than told",
		SLICE(HEAD("\2") RR("\1", "\4") "\1\2\3"
						"\4"),
		-EBADMSG, NULL },
	{ "bytes behind the end", SLICE(HEAD("\0") "x"), -EBADMSG, NULL },
	{ "no header", SLICE("\x12\x34\x84\0\0\1\0\0\0\0\0"), -EBADMSG, NULL },
	{ "nothing", SLICE(""), -EBADMSG, NULL },
};

static void join_data(const struct dns_rrs *rrs, struct buf *out)
{
	for (size_t i = 0; i < rrs->n; i++) {
		buf_add_str(out, i ? "|" : "");
		buf_add(out, rrs->v[i].data, rrs->v[i].len);
	}
}

static void test_messages(void)
{
	const struct dns_question question = {
		.name = "R.test.",
		.type = DNS_A,
	};

	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct dns_message m = { 0 };
		check_int(messages[i].name,
			dns_message_parse(messages[i].bytes, &m),
			messages[i].r);
		if (messages[i].r < 0)
			continue;
		join_data(&m.rrs, &got);
		check_str(messages[i].name, buf_str(&got), messages[i].want);
		check(messages[i].name, m.is_authoritative);
		check(messages[i].name,
			dns_message_answers(&m, &question, 0x1234));
		check(messages[i].name,
			!dns_message_answers(&m, &question, 0x1235));
		dns_message_release(&m);
	}
}

/* Cut anywhere, a message is none, or one that says it is cut. */
static void test_prefixes(void)
{
	/* The one with two records. */
	struct slice whole = messages[12].bytes;

	for (size_t len = 0; len < whole.len; len++) {
		struct dns_message m = { 0 };
		AUTO_FREE char *copy = xmalloc(len ? len : 1);
		memcpy(copy, whole.ptr, len);
		check_int("cut", dns_message_parse(slice_make(copy, len), &m),
			-EBADMSG);
		if (len < 12)
			continue;
		copy[2] = (char)(copy[2] | 2);
		check_int("cut, and says so",
			dns_message_parse(slice_make(copy, len), &m), 0);
		check("cut, and says so", m.is_truncated && m.rrs.n == 0);
	}
}

static void test_question(void)
{
	static const struct {
		const char *name;
		int r;
	} names[] = {
		{ "example.org", 0 },
		{ "example.org.", 0 },
		{ ".", 0 },
		{ "a..b", -EINVAL },
		{ "a123456789b123456789c123456789d123456789e123456789f1234567"
		  "89012345.org",
			-EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_BUF struct buf out = BUF_INIT(DNS_MESSAGE_MAX_BYTES);
		const struct dns_question question = {
			.name = names[i].name,
			.type = DNS_TXT,
			.has_edns = true,
		};
		struct dns_message m;
		check_int(names[i].name, dns_question_write(&question, 7, &out),
			names[i].r);
		if (names[i].r < 0)
			continue;
		check_int(names[i].name, dns_message_parse(buf_slice(&out), &m),
			0);
		check_int(names[i].name, m.type, DNS_TXT);
		check("no response", !dns_message_answers(&m, &question, 7));
		m.is_response = true;
		check(names[i].name, dns_message_answers(&m, &question, 7));
		dns_message_release(&m);
	}
}

static void test_names(void)
{
	static const struct {
		const char *name, *zone;
		bool is_in;
	} rows[] = {
		{ "a.test", "test", true },
		{ "test", "test", true },
		{ "a.test", ".", true },
		{ ".", ".", true },
		{ "atest", "test", false },
		{ "test", "a.test", false },
		{ "b.test", "a.test", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_int(rows[i].name,
			dns_name_is_in(rows[i].name, rows[i].zone),
			rows[i].is_in);
	AUTO_FREE char *name = dns_name("Example.ORG.");
	check_str("dns_name", name, "example.org");
}

/* "section owner type data", separated by LF. */
static void fill(struct dns_message *m, const char *text)
{
	struct slice rest = slice_of(text), line, section, owner, type;

	while (slice_next_line(&rest, &line)) {
		slice_next_word(&line, &section);
		slice_next_word(&line, &owner);
		slice_next_word(&line, &type);
		AUTO_FREE char *name = slice_dup(owner);
		dns_rrs_add(&m->rrs, name,
			slice_eq_str(type, "A")            ? DNS_A
				: slice_eq_str(type, "NS") ? DNS_NS
							   : DNS_CNAME,
			slice_trim(line));
		m->rrs.v[m->rrs.n - 1].section = slice_eq_str(section, "answer")
			? DNS_ANSWER
			: DNS_AUTHORITY;
	}
}

static void test_replies(void)
{
	static const struct {
		const char *name;
		unsigned rcode;
		bool has_authority, from_resolver;
		const char *rrs;
		enum reply reply;
	} rows[] = {
		{ "found", 0, true, false, "answer r.test A 192.0.2.1",
			REPLY_FOUND },
		{ "found by a resolver", 0, false, true,
			"answer r.test A 192.0.2.1", REPLY_FOUND },
		{ "found in a cache", 0, false, false,
			"answer r.test A 192.0.2.1", REPLY_USELESS },
		{ "alias", 0, true, false,
			"answer r.test CNAME x.test\nanswer x.test A 192.0.2.1",
			REPLY_ALIAS },
		{ "alias of nothing", 3, true, false,
			"answer r.test CNAME x.test", REPLY_ALIAS },
		{ "of another name", 0, true, false,
			"answer x.test A 192.0.2.1", REPLY_NONE },
		{ "no record", 0, true, false, "", REPLY_NONE },
		{ "no name", 3, true, false, "", REPLY_NONE },
		{ "no name, says a cache", 3, false, false, "", REPLY_USELESS },
		{ "cut", 0, false, false, "authority r.test NS ns.r.test",
			REPLY_CUT },
		{ "cut upwards", 0, false, false, "authority . NS ns.test",
			REPLY_USELESS },
		{ "cut to itself", 0, false, false, "authority test NS ns.test",
			REPLY_USELESS },
		{ "cut sideways", 0, false, false,
			"authority x.test NS ns.test", REPLY_USELESS },
		{ "own servers beside an answer", 0, true, false,
			"authority test NS ns.test", REPLY_NONE },
		{ "refused", 5, false, false, "", REPLY_USELESS },
		{ "failure", 2, true, false, "answer r.test A 192.0.2.1",
			REPLY_USELESS },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_message m = {
			.rcode = rows[i].rcode,
			.is_authoritative = rows[i].has_authority,
		};
		const struct reply_want want = {
			.zone = "test",
			.name = "r.test",
			.type = DNS_A,
			.from_resolver = rows[i].from_resolver,
		};
		fill(&m, rows[i].rrs);
		check_int(rows[i].name, reply_judge(&m, &want), rows[i].reply);
		dns_message_release(&m);
	}
}

static void test_servers(void)
{
	static const struct {
		const char *text;
		int r;
		size_t n;
		unsigned port;
	} rows[] = {
		{ "192.0.2.1", 0, 1, 53 },
		{ "192.0.2.1:5353", 0, 1, 5353 },
		{ "192.0.2.1, 192.0.2.2:54", 0, 2, 54 },
		{ "[2001:db8::1]:53,192.0.2.1", 0, 2, 53 },
		{ "[2001:db8::1]", 0, 1, 53 },
		{ "2001:db8::1", -EINVAL, 0, 0 },
		{ "", -EINVAL, 0, 0 },
		{ "ns.example.org", -EINVAL, 0, 0 },
		{ "192.0.2.1:x", -EINVAL, 0, 0 },
		{ "192.0.2.1,,", -EINVAL, 0, 0 },
	};
	struct dns_servers servers = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		unsigned port = 0;
		check_int(rows[i].text,
			dns_servers_parse(rows[i].text, &servers, &port, &why),
			rows[i].r);
		if (rows[i].r == 0) {
			check_int(rows[i].text, servers.n, rows[i].n);
			check_int(rows[i].text, port, rows[i].port);
		}
		check_int(rows[i].text, why.len == 0, rows[i].r == 0);
		dns_servers_release(&servers);
	}
	dns_servers_add_resolvers(&servers,
		SLICE("# x\nnameserver 192.0.2.1\nsearch a.test\n"
		      "nameserver 192.0.2.1\nnameserver\t2001:db8::1 \n"
		      "nameserver\nnameserver nonsense\n"));
	check_int("resolv.conf", servers.n, 2);
	check_str("resolv.conf", servers.v[1].text, "2001:db8::1");
	dns_servers_release(&servers);
	dns_servers_add_roots(&servers);
	check_int("root servers", servers.n, 26);
	dns_servers_release(&servers);
}

int main(void)
{
	test_messages();
	test_prefixes();
	test_question();
	test_names();
	test_replies();
	test_servers();
	return test_end();
}
