/* Unit tests of cmdeploy/dns/facts.h. */
#include "cmdeploy/dns/records.h"
#include "tests/test.h"

#define KEY                                                                    \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtsZB4xRRXrM6GVRpa83JMb+W" \
	"wBHyDIOqUGUFlk4MvdW6CrQE+yK1AEE4cFrVf1D3fwqkpvTvtvIgWGXvLQPwF2AUAFIB" \
	"EQYSoqpZqwfduYf6plas3Icb11ERGchNJtaTyjm+EdJpUG9n9jISNFmU9R4AECu4KHlw" \
	"A8TxivhZ2OSGMwFApX7YQIDAQA"

static void parse_config(const char *text, struct config *ret)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	check_int("config",
		config_parse(slice_of(text), "x", ret, NULL, NULL, &why), 0);
	check_str("config", buf_str(&why), "");
}

/* The whole file, as it is for a relay that runs. */
static void test_whole(void)
{
	static const char facts_text[] =
		"2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global "
		"eth0\n"
		"2: eth0    inet6 2001:DB8::1/64 scope global \n"
		"dkim " KEY "\n"
		"acme https://acme.example/acct/1\n";
	static const char want[] =
		"\n; required\n"
		"r.test. 3600 IN A 192.0.2.1\n"
		"r.test. 3600 IN MX 10 r.test.\n"
		"_mta-sts.r.test. 3600 IN TXT \"v=STSv1; "
		"id=adc73be90126bc68\"\n"
		"mta-sts.r.test. 3600 IN CNAME r.test.\n"
		"www.r.test. 3600 IN CNAME r.test.\n"
		"opendkim._domainkey.r.test. 3600 IN TXT "
		"\"v=DKIM1;k=rsa;p=" KEY ";s=email;\" \"t=s\"\n"
		"\n; recommended\n"
		"r.test. 3600 IN AAAA 2001:db8::1\n"
		"r.test. 3600 IN TXT \"v=spf1 a ~all\"\n"
		"_dmarc.r.test. 3600 IN TXT "
		"\"v=DMARC1;p=reject;adkim=s;aspf=s\"\n"
		"r.test. 3600 IN CAA 0 issue \"letsencrypt.org;accounturi="
		"https://acme.example/acct/1\"\n"
		"autoconfig.r.test. 3600 IN CNAME r.test.\n"
		"_adsp._domainkey.r.test. 3600 IN TXT \"dkim=discardable\"\n"
		"_submission._tcp.r.test. 3600 IN SRV 0 1 587 r.test.\n"
		"_submissions._tcp.r.test. 3600 IN SRV 0 1 465 r.test.\n"
		"_imap._tcp.r.test. 3600 IN SRV 0 1 143 r.test.\n"
		"_imaps._tcp.r.test. 3600 IN SRV 0 1 993 r.test.\n";
	AUTO_BUF struct buf out = BUF_INIT(ZONE_MAX_BYTES);
	struct config config;
	struct dns_facts facts;
	struct dns_records records;

	parse_config("[params]\nmail_domain = r.test\n", &config);
	dns_facts_parse(slice_of(facts_text), &config, &facts);
	dns_records_make(&config, &facts, &records);
	dns_records_add_zone(&config, &records, &out);
	struct slice got = buf_slice(&out);
	for (int i = 0; i < 2; i++) {
		struct slice comment;
		check("comment", slice_next_line(&got, &comment));
		check("comment", slice_starts(comment, SLICE("; ")));
	}
	check_slice("whole zone", got, slice_of(want));
	dns_records_release(&records);
	dns_facts_release(&facts);
	config_release(&config);
}

/* Names of the records that are left, with what is required in capitals. */
static void describe(const struct dns_records *records, struct buf *out)
{
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_record *r = &records->v[i];
		if (r->match == DNS_MATCH_ADDRESS)
			buf_addf(out, "%s%s=%s[%s] ", dns_type_name(r->type),
				r->is_required ? "!" : "",
				r->data ? r->data : "", r->accepts);
		else if (r->match == DNS_MATCH_CAA)
			buf_addf(out, "CAA=%.14s ", r->data ? r->data : "?");
		else if (r->match == DNS_MATCH_MTA_STS)
			buf_add_str(out, "sts ");
		else if (r->match == DNS_MATCH_DKIM)
			buf_addf(out, "dkim=%s ", r->data ? "known" : "?");
	}
}

static void test_which(void)
{
	static const struct {
		const char *name, *settings, *facts, *want;
	} rows[] = {
		{ "fresh host", "", "2: e inet 192.0.2.1/24 scope global\n",
			"A!=192.0.2.1[192.0.2.1] AAAA=[] sts dkim=? CAA=? " },
		{ "self-signed name", "mail_domain = _r.test\n", "",
			"A=[] AAAA=[] dkim=? " },
		{ "own certificate", "tls_external_cert_and_key = /c /k\n", "",
			"A=[] AAAA=[] sts dkim=? " },
		{ "unknown authority", "acme_directory = https://ca.test/dir\n",
			"acme https://ca.test/1\n",
			"A=[] AAAA=[] sts dkim=? " },
		{ "staging",
			"acme_directory = "
			"https://acme-staging-v02.api.letsencrypt.org/directory"
			"\n",
			"acme https://ca.test/1\n",
			"A=[] AAAA=[] sts dkim=? CAA=0 issue letsen " },
		{ "IPv6 only", "", "2: e inet6 2001:db8::1/64 scope global\n",
			"A=[] AAAA!=2001:db8::1[2001:db8::1] sts dkim=? "
			"CAA=? " },
		{ "IPv6 switched off", "disable_ipv6 = true\n",
			"2: e inet6 2001:db8::1/64 scope global\n"
			"2: e inet 192.0.2.1/24 scope global\n",
			"A!=192.0.2.1[192.0.2.1] AAAA=[] sts dkim=? CAA=? " },
		{ "public before private", "",
			"2: e inet 10.0.0.1/8 scope global\n"
			"2: e inet 192.0.2.1/24 scope global\n"
			"2: e inet6 fd00::1/64 scope global\n",
			"A!=192.0.2.1[10.0.0.1 192.0.2.1] AAAA=[fd00::1] sts "
			"dkim=? CAA=? " },
		{ "private only", "",
			"2: e inet6 fd00::1/64 scope global\n"
			"2: e inet 10.0.0.1/8 scope global\n",
			"A!=10.0.0.1[10.0.0.1] AAAA=[fd00::1] sts dkim=? "
			"CAA=? " },
		{ "passing addresses", "",
			"2: e inet6 2001:db8::1/64 scope global temporary "
			"dynamic\n"
			"2: e inet6 2001:db8::2/64 scope global deprecated\n"
			"2: e inet6 2001:db8::3/64 scope global dynamic\n",
			"A=[] AAAA!=2001:db8::3[2001:db8::3] sts dkim=? "
			"CAA=? " },
		{ "behind a proxy", "public_addresses = 198.51.100.9\n",
			"2: e inet 192.0.2.1/24 scope global\n",
			"A!=198.51.100.9[198.51.100.9] AAAA=[] sts dkim=? "
			"CAA=? " },
		{ "garbage", "",
			"\n:\n2: e inet nonsense\n2: e\ndkim\nacme failed\n"
			"acme\nx y z\n",
			"A=[] AAAA=[] sts dkim=? CAA=? " },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(ZONE_MAX_BYTES);
		bool is_named = strstr(rows[i].settings, "mail_domain");
		AUTO_FREE char *text = xasprintf("[params]\n%s%s",
			is_named ? "" : "mail_domain = r.test\n",
			rows[i].settings);
		struct config config;
		struct dns_facts facts;
		struct dns_records records;
		parse_config(text, &config);
		dns_facts_parse(slice_of(rows[i].facts), &config, &facts);
		dns_records_make(&config, &facts, &records);
		describe(&records, &out);
		check_str(rows[i].name, buf_str(&out), rows[i].want);
		dns_records_release(&records);
		dns_facts_release(&facts);
		config_release(&config);
	}
}

static void test_private(void)
{
	static const struct {
		const char *address;
		bool is_private;
	} rows[] = {
		{ "10.1.2.3", true },
		{ "11.1.2.3", false },
		{ "100.64.0.1", true },
		{ "100.128.0.1", false },
		{ "172.31.255.1", true },
		{ "172.32.0.1", false },
		{ "192.168.0.1", true },
		{ "169.254.1.1", true },
		{ "127.0.0.1", true },
		{ "8.8.8.8", false },
		{ "fd00::1", true },
		{ "fc00::1", true },
		{ "fe80::1", true },
		{ "::1", true },
		{ "2001:db8::1", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_int(rows[i].address,
			dns_address_is_private(rows[i].address),
			rows[i].is_private);
}

int main(void)
{
	test_whole();
	test_which();
	test_private();
	return test_end();
}
