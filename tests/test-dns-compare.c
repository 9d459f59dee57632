/* Unit tests of cmdeploy/dns/compare.h. */
#include "cmdeploy/dns/compare.h"

#include "mail/tags.h"
#include "tests/test.h"

/* What is wanted; what is published, separated by "|"; and the verdict. */
static const struct {
	const char *name;
	enum dns_match match;
	const char *want, *found;
	enum dns_verdict verdict;
	const char *note; /* a part of it; NULL: none */
} cases[] = {
	{ "mx", DNS_MATCH_MX, "10 r.test", "10 r.test", DNS_RIGHT, NULL },
	{ "mx, other preference", DNS_MATCH_MX, "10 r.test", "0 r.test",
		DNS_RIGHT, NULL },
	{ "mx, a second one", DNS_MATCH_MX, "10 r.test",
		"10 r.test|20 other.test", DNS_WRONG, "20 other.test" },
	{ "mx, a part of the name", DNS_MATCH_MX, "10 r.test", "10 xr.test",
		DNS_WRONG, "xr.test" },
	{ "mx, null", DNS_MATCH_MX, "10 r.test", "0 .", DNS_WRONG, "0 ." },
	{ "mx, none", DNS_MATCH_MX, "10 r.test", "", DNS_MISSING, NULL },

	{ "srv", DNS_MATCH_SRV, "0 1 587 r.test", "0 1 587 r.test", DNS_RIGHT,
		NULL },
	{ "srv, other weight", DNS_MATCH_SRV, "0 1 587 r.test",
		"5 99 587 r.test", DNS_RIGHT, NULL },
	{ "srv, other port", DNS_MATCH_SRV, "0 1 587 r.test", "0 1 25 r.test",
		DNS_WRONG, "0 1 25" },
	{ "srv, malformed", DNS_MATCH_SRV, "0 1 587 r.test", "0", DNS_WRONG,
		"\"0\"" },

	{ "dkim", DNS_MATCH_DKIM, "v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"v=DKIM1;k=rsa;p=AbC=;s=email;t=s", DNS_RIGHT, NULL },
	{ "dkim, spaced and turned", DNS_MATCH_DKIM,
		"v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"v=DKIM1 ; t=s;\t s=email : other; p=A b\tC =; k = rsa;",
		DNS_RIGHT, NULL },
	{ "dkim, defaults", DNS_MATCH_DKIM, "v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"p=AbC=", DNS_RIGHT, NULL },
	{ "dkim, other case of the key", DNS_MATCH_DKIM,
		"v=DKIM1;k=rsa;p=AbC=;s=email;t=s", "v=DKIM1;p=abc=", DNS_WRONG,
		"not that of the host" },
	{ "dkim, longer key", DNS_MATCH_DKIM,
		"v=DKIM1;k=rsa;p=AbC=;s=email;t=s", "v=DKIM1;p=AbC=A",
		DNS_WRONG, "not that of the host" },
	{ "dkim, other kind", DNS_MATCH_DKIM,
		"v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"k=ed25519;p=AbC=", DNS_WRONG, "not that of the host" },
	{ "dkim, revoked", DNS_MATCH_DKIM, "v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"v=DKIM1;p=", DNS_WRONG, "revoked" },
	{ "dkim, test", DNS_MATCH_DKIM, "v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"p=AbC=;t=y:s", DNS_WRONG, "test" },
	{ "dkim, not for mail", DNS_MATCH_DKIM,
		"v=DKIM1;k=rsa;p=AbC=;s=email;t=s", "p=AbC=;s=other", DNS_WRONG,
		"not for mail" },
	{ "dkim, version", DNS_MATCH_DKIM, "v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"v=DKIM2;p=AbC=", DNS_WRONG, "DKIM1" },
	{ "dkim, two", DNS_MATCH_DKIM, "v=DKIM1;k=rsa;p=AbC=;s=email;t=s",
		"p=AbC=|p=AbC=", DNS_WRONG, "several" },

	{ "mta-sts", DNS_MATCH_MTA_STS, "v=STSv1; id=ab", "v=STSv1;id=2024",
		DNS_RIGHT, NULL },
	{ "mta-sts, no id", DNS_MATCH_MTA_STS, "v=STSv1; id=ab",
		"v=STSv1; id=", DNS_WRONG, "no id" },
	{ "mta-sts, other text beside", DNS_MATCH_MTA_STS, "v=STSv1; id=ab",
		"hello|v=STSv1; id=1", DNS_RIGHT, NULL },
	{ "mta-sts, other text only", DNS_MATCH_MTA_STS, "v=STSv1; id=ab",
		"hello", DNS_MISSING, NULL },

	{ "spf", DNS_MATCH_SPF, "v=spf1 a ~all", "v=spf1 a ~all", DNS_RIGHT,
		NULL },
	{ "spf, case, blanks, plus", DNS_MATCH_SPF, "v=spf1 a ~all",
		" V=SPF1  +A   ~ALL ", DNS_RIGHT, NULL },
	{ "spf, stricter", DNS_MATCH_SPF, "v=spf1 a ~all", "v=spf1 a -all",
		DNS_RIGHT, NULL },
	{ "spf, laxer", DNS_MATCH_SPF, "v=spf1 a ~all", "v=spf1 a ?all",
		DNS_WRONG, NULL },
	{ "spf, other order", DNS_MATCH_SPF, "v=spf1 a ~all", "v=spf1 ~all a",
		DNS_WRONG, NULL },
	{ "spf, cut", DNS_MATCH_SPF, "v=spf1 a ~all", "v=spf1 a", DNS_WRONG,
		NULL },
	{ "spf, two", DNS_MATCH_SPF, "v=spf1 a ~all",
		"v=spf1 a ~all|x|v=spf1 mx ~all", DNS_WRONG, "several" },
	{ "spf, none", DNS_MATCH_SPF, "v=spf1 a ~all", "x|y", DNS_MISSING,
		NULL },

	{ "dmarc", DNS_MATCH_DMARC, "v=DMARC1;p=reject;adkim=s;aspf=s",
		"v=DMARC1; aspf=S; rua=mailto:a@b.test; adkim = s; p=reject",
		DNS_RIGHT, NULL },
	{ "dmarc, laxer", DNS_MATCH_DMARC, "v=DMARC1;p=reject;adkim=s;aspf=s",
		"v=DMARC1;p=none;adkim=s;aspf=s", DNS_WRONG, NULL },
	{ "dmarc, default alignment", DNS_MATCH_DMARC,
		"v=DMARC1;p=reject;adkim=s;aspf=s", "v=DMARC1;p=reject",
		DNS_WRONG, NULL },
	{ "adsp", DNS_MATCH_ADSP, "dkim=discardable", "dkim=discardable;",
		DNS_RIGHT, NULL },
	{ "adsp, laxer", DNS_MATCH_ADSP, "dkim=discardable", "dkim=unknown",
		DNS_WRONG, NULL },

	{ "caa", DNS_MATCH_CAA, "0 issue ca.test;accounturi=https://a/1",
		"0 issue CA.test; accounturi=https://a/1", DNS_RIGHT, NULL },
	{ "caa, more tags", DNS_MATCH_CAA,
		"0 issue ca.test;accounturi=https://a/1",
		"0 iodef mailto:x@y.test|0 issue ca.test; "
		"validationmethods=http-01; accounturi=https://a/1",
		DNS_RIGHT, NULL },
	{ "caa, any account", DNS_MATCH_CAA,
		"0 issue ca.test;accounturi=https://a/1", "0 issue ca.test",
		DNS_WRONG, "others" },
	{ "caa, a second authority", DNS_MATCH_CAA,
		"0 issue ca.test;accounturi=https://a/1",
		"0 issue ca.test;accounturi=https://a/1|0 issue b.test",
		DNS_WRONG, "others" },
	{ "caa, other account", DNS_MATCH_CAA,
		"0 issue ca.test;accounturi=https://a/1",
		"0 issue ca.test;accounturi=https://a/2", DNS_WRONG,
		"forbids" },
	{ "caa, nobody", DNS_MATCH_CAA,
		"0 issue ca.test;accounturi=https://a/1", "0 issue ;",
		DNS_WRONG, "forbids" },
	{ "caa, wildcards only", DNS_MATCH_CAA,
		"0 issue ca.test;accounturi=https://a/1", "0 issuewild b.test",
		DNS_MISSING, NULL },

	{ "address", DNS_MATCH_ADDRESS, "192.0.2.1 192.0.2.2", "192.0.2.2",
		DNS_RIGHT, NULL },
	{ "address, none", DNS_MATCH_ADDRESS, "192.0.2.1", "", DNS_MISSING,
		NULL },
	{ "address, another one", DNS_MATCH_ADDRESS, "192.0.2.1",
		"192.0.2.1|192.0.2.10", DNS_WRONG, "192.0.2.10 is not" },
	{ "address, behind a router", DNS_MATCH_ADDRESS, "10.0.0.2",
		"192.0.2.1", DNS_RIGHT, "not checked" },
	{ "address, private and missing", DNS_MATCH_ADDRESS, "10.0.0.2", "",
		DNS_MISSING, "private" },
	{ "address, private and another one", DNS_MATCH_ADDRESS, "10.0.0.2",
		"10.0.0.3", DNS_WRONG, "10.0.0.3 is not" },
	{ "address, of a host without", DNS_MATCH_ADDRESS, "", "192.0.2.1",
		DNS_WRONG, "it has no " },
	{ "address, none of a host without", DNS_MATCH_ADDRESS, "", "",
		DNS_RIGHT, NULL },
};

static void publish(struct words *data, const char *all)
{
	struct slice rest = slice_of(all), one;

	while (rest.len > 0) {
		if (!slice_cut(rest, '|', &one, &rest)) {
			one = rest;
			rest = SLICE_NONE;
		}
		AUTO_FREE char *text = slice_dup(one);
		words_add(data, text);
	}
}

static void test_records(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf note = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct slice before = slice_of(cases[i].want), after;
		slice_cut(before, ' ', &before, &after);
		bool is_address = cases[i].match == DNS_MATCH_ADDRESS;
		AUTO_FREE char *first = slice_dup(before);
		AUTO_FREE char *whole = xstrdup(cases[i].want);
		const struct dns_record record = {
			.label = "IPv4 address",
			.is_required = true,
			.match = cases[i].match,
			.data = !is_address ? whole
				: first[0]  ? first
					    : NULL,
			.accepts = whole,
		};
		struct dns_seen seen = { 0 };
		bool is_grave;
		publish(&seen.data, cases[i].found);
		enum dns_verdict got =
			dns_compare(&record, &seen, &note, &is_grave);
		check_int(cases[i].name, got, cases[i].verdict);
		check_int(cases[i].name, is_grave, got != DNS_RIGHT);
		if (cases[i].note)
			check(cases[i].name,
				strstr(buf_str(&note), cases[i].note));
		else
			check_str(cases[i].name, buf_str(&note), "");
		dns_seen_release(&seen);
	}
}

/* Names that are to stand for the relay's. */
static void test_aliases(void)
{
	static const struct {
		const char *name, *alias, *addresses;
		enum dns_verdict verdict;
	} rows[] = {
		{ "alias", "r.test", "192.0.2.1", DNS_RIGHT },
		{ "alias of an alias", "cdn.test|r.test", "192.0.2.1",
			DNS_RIGHT },
		{ "alias of a name to come", "r.test", "", DNS_RIGHT },
		{ "same address", "", "192.0.2.1", DNS_RIGHT },
		{ "one address of two", "", "192.0.2.1|192.0.2.7", DNS_WRONG },
		{ "other alias, same address", "x.test", "192.0.2.2",
			DNS_RIGHT },
		{ "alias of nothing", "x.test", "", DNS_WRONG },
		{ "nothing", "", "", DNS_MISSING },
	};
	struct words domain = { 0 };
	AUTO_FREE char *name = xstrdup("r.test");
	const struct dns_record record = {
		.match = DNS_MATCH_ALIAS,
		.data = name,
	};

	publish(&domain, "192.0.2.1|192.0.2.2");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf note = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct dns_seen seen = { .domain_addresses = &domain };
		bool is_grave;
		publish(&seen.aliases, rows[i].alias);
		publish(&seen.data, rows[i].addresses);
		check_int(rows[i].name,
			dns_compare(&record, &seen, &note, &is_grave),
			rows[i].verdict);
		check_int(rows[i].name, is_grave, false);
		dns_seen_release(&seen);
	}
	words_release(&domain);
}

/* What breaks the relay is grave in a recommended record as well. */
static void test_grave(void)
{
	static const struct {
		const char *name, *want, *found;
		enum dns_match match;
		bool is_grave;
	} rows[] = {
		{ "SPF", "v=spf1 a ~all", "v=spf1 ?all", DNS_MATCH_SPF, false },
		{ "foreign address", "192.0.2.1", "192.0.2.7",
			DNS_MATCH_ADDRESS, true },
		{ "no address", "192.0.2.1", "", DNS_MATCH_ADDRESS, false },
		{ "CAA of others", "0 issue a.test", "0 issue b.test",
			DNS_MATCH_CAA, true },
		{ "CAA too wide", "0 issue a.test",
			"0 issue a.test|0 issue b.test", DNS_MATCH_CAA, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf note = BUF_INIT(BUF_WHY_MAX_BYTES);
		AUTO_FREE char *want = xstrdup(rows[i].want);
		const struct dns_record record = {
			.match = rows[i].match,
			.data = want,
			.accepts = want,
		};
		struct dns_seen seen = { 0 };
		bool is_grave;
		publish(&seen.data, rows[i].found);
		check(rows[i].name,
			dns_compare(&record, &seen, &note, &is_grave) !=
				DNS_RIGHT);
		check_int(rows[i].name, is_grave, rows[i].is_grave);
		dns_seen_release(&seen);
	}
}

int main(void)
{
	test_records();
	test_aliases();
	test_grave();
	return test_end();
}
