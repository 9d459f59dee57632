/* Unit tests of cmdeploy/dns/message.h. */
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

static void join_data(const ldns_rr_list *list, struct buf *out)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == 240)
			continue;
		AUTO_FREE char *data = dns_data(ldns_rr_list_rr(list, i));
		buf_addf(out, "%s%s", i ? "|" : "", data);
	}
}

/* What a zone file says, what is compared, and what a person is shown. */
static void test_data(void)
{
	static const struct {
		const char *line, *data, *shown;
	} rows[] = {
		{ "a.test. 60 IN TXT \"say \\\"\\\\\\\"\"", "say \\\"\\\\\\\"",
			"\"say \\\"\\\\\\\"\"" },
		{ "a.test. 60 IN TXT \"\\000\\255 x\" \"y\"", "\\000\\255 xy",
			"\"\\000\\255 x\" \"y\"" },
		{ "a.test. 60 IN TXT \"\"", "", "\"\"" },
		{ "a.test. 60 IN NS .", ".", "." },
		{ "a.test. 60 IN CNAME b.test.", "b.test", "b.test." },
		{ "a.test. 60 IN SRV 0 1 587 b.test.", "0 1 587 b.test",
			"0 1 587 b.test." },
		{ "a.test. 60 IN CAA 128 iodef \"mailto:a@b\"",
			"128 iodef mailto:a@b", "128 iodef \"mailto:a@b\"" },
		{ "a.test. 60 IN CAA 0 issue \"\"", "0 issue ",
			"0 issue \"\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dns_seen seen = { 0 };
		ldns_rr *rr;
		check_int(rows[i].line,
			ldns_rr_new_frm_str(&rr, rows[i].line, 0, NULL, NULL),
			LDNS_STATUS_OK);
		AUTO_FREE char *line = dns_line(rr);
		dns_seen_add(&seen, rr);
		check_str(rows[i].line, line, rows[i].line);
		check_str(rows[i].line, seen.data.v[0], rows[i].data);
		check_str(rows[i].line, seen.lines.v[0], rows[i].shown);
		dns_seen_release(&seen);
		ldns_rr_free(rr);
	}
}

static ldns_pkt *question_of(const char *name, unsigned id)
{
	ldns_pkt *question = ldns_pkt_query_new(
		dns_name(name), LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, 0);

	ldns_pkt_set_id(question, (uint16_t)id);
	return question;
}

static void test_messages(void)
{
	ldns_pkt *question = question_of("R.test.", 0x1234);
	ldns_pkt *other_id = question_of("R.test.", 0x1235);
	ldns_pkt *other_name = question_of("x.test", 0x1234);

	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		ldns_pkt *m;
		check_int(messages[i].name,
			dns_message_parse(messages[i].bytes, &m),
			messages[i].r);
		if (messages[i].r < 0)
			continue;
		join_data(ldns_pkt_answer(m), &got);
		check_str(messages[i].name, buf_str(&got), messages[i].want);
		check(messages[i].name, ldns_pkt_aa(m));
		check(messages[i].name, dns_message_answers(m, question));
		check(messages[i].name, !dns_message_answers(m, other_id));
		check(messages[i].name, !dns_message_answers(m, other_name));
		ldns_pkt_set_qr(m, false);
		check(messages[i].name, !dns_message_answers(m, question));
		ldns_pkt_free(m);
	}
	ldns_pkt_free(question);
	ldns_pkt_free(other_id);
	ldns_pkt_free(other_name);
}

/* Cut anywhere, a message is none, or one that says it is cut. */
static void test_prefixes(void)
{
	/* The one with two records. */
	struct slice whole = messages[12].bytes;

	for (size_t len = 0; len < whole.len; len++) {
		ldns_pkt *m;
		AUTO_FREE char *copy = xmalloc(len ? len : 1);
		memcpy(copy, whole.ptr, len);
		check_int("cut", dns_message_parse(slice_make(copy, len), &m),
			-EBADMSG);
		if (len < 12)
			continue;
		copy[2] = (char)(copy[2] | 2);
		check_int("cut, and says so",
			dns_message_parse(slice_make(copy, len), &m), 0);
		check("cut, and says so", ldns_pkt_tc(m));
		check_int("cut, and says so",
			ldns_rr_list_rr_count(ldns_pkt_answer(m)), 0);
		ldns_pkt_free(m);
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

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ldns_rdf *name = dns_name(rows[i].name);
		ldns_rdf *zone = dns_name(rows[i].zone);
		check_int(rows[i].name, dns_name_is_in(name, zone),
			rows[i].is_in);
		ldns_rdf_deep_free(name);
		ldns_rdf_deep_free(zone);
	}
}

static void test_spellings(void)
{
	static const struct {
		const char *name, *want; /* NULL: none */
	} rows[] = {
		{ "example.org", "example.org" },
		{ "Example.ORG.", "example.org" },
		{ ".", "." },
		{ "a..b", NULL },
		{ "a123456789b123456789c123456789d123456789e123456789f1234567"
		  "89012345.org",
			NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ldns_rdf *name = dns_name(rows[i].name);
		check_int(rows[i].name, name != NULL, rows[i].want != NULL);
		if (!name)
			continue;
		AUTO_FREE char *text = dns_name_text(name);
		check_str(rows[i].name, text, rows[i].want);
		ldns_rdf_deep_free(name);
	}
}

/* "section owner type data", separated by LF. */
static void fill(ldns_pkt *m, const char *text)
{
	struct slice rest = slice_of(text), line, section;

	while (slice_next_line(&rest, &line)) {
		slice_next_word(&line, &section);
		AUTO_FREE char *record = slice_dup(slice_trim(line));
		ldns_rr *rr;
		check_int(record,
			ldns_rr_new_frm_str(&rr, record, 60, NULL, NULL),
			LDNS_STATUS_OK);
		ldns_pkt_push_rr(m,
			slice_eq_str(section, "answer")
				? LDNS_SECTION_ANSWER
				: LDNS_SECTION_AUTHORITY,
			rr);
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

	ldns_rdf *zone = dns_name("test"), *name = dns_name("r.test");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ldns_pkt *m = ldns_pkt_new();
		ldns_pkt_set_rcode(m, (uint8_t)rows[i].rcode);
		ldns_pkt_set_aa(m, rows[i].has_authority);
		fill(m, rows[i].rrs);
		check_int(rows[i].name,
			reply_judge(m, rows[i].from_resolver ? NULL : zone,
				name, LDNS_RR_TYPE_A),
			rows[i].reply);
		ldns_pkt_free(m);
	}
	ldns_rdf_deep_free(zone);
	ldns_rdf_deep_free(name);
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
	test_data();
	test_prefixes();
	test_names();
	test_spellings();
	test_replies();
	test_servers();
	return test_end();
}
