#include "cmdeploy/dns/records.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	DATA_MAX_BYTES = 1 << 12,
};

void dns_facts_release(struct dns_facts *facts)
{
	dns_rrs_release(&facts->addresses);
	free(facts->dkim_key);
	free(facts->acme_account);
	*facts = (struct dns_facts){ 0 };
}

/* The name in CAA records by which an authority goes. */
static const struct {
	const char *host; /* of the ACME directory */
	const char *caa;
} authorities[] = {
	{ "acme-v02.api.letsencrypt.org", "letsencrypt.org" },
	{ "acme-staging-v02.api.letsencrypt.org", "letsencrypt.org" },
	{ "acme.zerossl.com", "sectigo.com" },
	{ "dv.acme-v02.api.pki.goog", "pki.goog" },
};

static const char *authority_of(const struct config *config)
{
	struct slice url = slice_of(config->acme_directory);
	struct slice host, rest;

	if (slice_starts_nocase(url, SLICE("https://")))
		url = slice_from(url, strlen("https://"));
	if (!slice_cut(url, '/', &host, &rest))
		host = url;
	for (size_t i = 0; i < ARRAY_LEN(authorities); i++)
		if (slice_eq_str_nocase(host, authorities[i].host))
			return authorities[i].caa;
	return NULL;
}

void dns_mta_sts_id(const struct config *config, struct buf *out)
{
	AUTO_FREE char *policy =
		xasprintf("STSv1 enforce %s 2419200", config->mail_domain);
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (const char *c = policy; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	buf_addf(out, "%016lx", hash);
}

/* What a record is made from; makers append its data, or nothing. */
struct source {
	const struct config *config;
	const struct dns_facts *facts;
};

static void make_mx(const struct source *s, struct buf *out)
{
	buf_addf(out, "10 %s", s->config->mail_domain);
}

static void make_mta_sts(const struct source *s, struct buf *out)
{
	buf_add_str(out, "v=STSv1; id=");
	dns_mta_sts_id(s->config, out);
}

static void make_alias(const struct source *s, struct buf *out)
{
	buf_add_str(out, s->config->mail_domain);
}

static void make_dkim(const struct source *s, struct buf *out)
{
	if (s->facts->dkim_key)
		buf_addf(out, "v=DKIM1;k=rsa;p=%s;s=email;t=s",
			s->facts->dkim_key);
}

static void make_spf(const struct source *s UNUSED, struct buf *out)
{
	buf_add_str(out, "v=spf1 a ~all");
}

static void make_dmarc(const struct source *s UNUSED, struct buf *out)
{
	buf_add_str(out, "v=DMARC1;p=reject;adkim=s;aspf=s");
}

static void make_caa(const struct source *s, struct buf *out)
{
	if (s->facts->acme_account)
		buf_addf(out, "0 issue %s;accounturi=%s",
			authority_of(s->config), s->facts->acme_account);
}

static void make_adsp(const struct source *s UNUSED, struct buf *out)
{
	buf_add_str(out, "dkim=discardable");
}

static void make_submission(const struct source *s, struct buf *out)
{
	buf_addf(out, "0 1 587 %s", s->config->mail_domain);
}

static void make_submissions(const struct source *s, struct buf *out)
{
	buf_addf(out, "0 1 465 %s", s->config->mail_domain);
}

static void make_imap(const struct source *s, struct buf *out)
{
	buf_addf(out, "0 1 143 %s", s->config->mail_domain);
}

static void make_imaps(const struct source *s, struct buf *out)
{
	buf_addf(out, "0 1 993 %s", s->config->mail_domain);
}

static bool is_certified(const struct config *config)
{
	return !config->is_self_signed;
}

/* With certificates of an authority whose CAA name we know. */
static bool has_authority(const struct config *config)
{
	return is_certified(config) &&
		config->tls_external_cert_and_key.n == 0 &&
		authority_of(config);
}

static const struct row {
	const char *label;
	bool is_required;
	const char *prefix; /* in front of the domain */
	enum dns_type type;
	enum dns_match match;
	void (*make)(const struct source *s, struct buf *out);
	bool (*counts)(const struct config *config); /* NULL: always */
	const char *unknown;
} rows[] = {
	{ "receives mail", true, "", DNS_MX, DNS_MATCH_MX, make_mx, NULL,
		NULL },
	{ "TLS policy", true, "_mta-sts.", DNS_TXT, DNS_MATCH_MTA_STS,
		make_mta_sts, is_certified, NULL },
	{ "TLS policy host", true, "mta-sts.", DNS_CNAME, DNS_MATCH_ALIAS,
		make_alias, is_certified, NULL },
	{ "web", true, "www.", DNS_CNAME, DNS_MATCH_ALIAS, make_alias, NULL,
		NULL },
	{ "DKIM key", true, "opendkim._domainkey.", DNS_TXT, DNS_MATCH_DKIM,
		make_dkim, NULL,
		"the host has no DKIM key yet; \"cmdeploy run\" makes one" },
	{ "senders (SPF)", false, "", DNS_TXT, DNS_MATCH_SPF, make_spf, NULL,
		NULL },
	{ "DMARC", false, "_dmarc.", DNS_TXT, DNS_MATCH_DMARC, make_dmarc, NULL,
		NULL },
	{ "certificates (CAA)", false, "", DNS_CAA, DNS_MATCH_CAA, make_caa,
		has_authority,
		"the host has no ACME account yet; \"cmdeploy run\" makes "
		"one" },
	{ "mail programs", false, "autoconfig.", DNS_CNAME, DNS_MATCH_ALIAS,
		make_alias, is_certified, NULL },
	{ "ADSP", false, "_adsp._domainkey.", DNS_TXT, DNS_MATCH_ADSP,
		make_adsp, NULL, NULL },
	{ "SMTP, STARTTLS", false, "_submission._tcp.", DNS_SRV, DNS_MATCH_SRV,
		make_submission, NULL, NULL },
	{ "SMTP, TLS", false, "_submissions._tcp.", DNS_SRV, DNS_MATCH_SRV,
		make_submissions, NULL, NULL },
	{ "IMAP, STARTTLS", false, "_imap._tcp.", DNS_SRV, DNS_MATCH_SRV,
		make_imap, NULL, NULL },
	{ "IMAP, TLS", false, "_imaps._tcp.", DNS_SRV, DNS_MATCH_SRV,
		make_imaps, NULL, NULL },
};

static struct dns_record *add(struct dns_records *records)
{
	records->v =
		xreallocarray(records->v, records->n + 1, sizeof(*records->v));
	struct dns_record *record = &records->v[records->n++];
	*record = (struct dns_record){ 0 };
	return record;
}

static void add_row(const struct row *row, const struct source *source,
	struct dns_records *records)
{
	AUTO_BUF struct buf data = BUF_INIT(DATA_MAX_BYTES);

	if (row->counts && !row->counts(source->config))
		return;
	row->make(source, &data);
	*add(records) = (struct dns_record){
		.label = row->label,
		.is_required = row->is_required,
		.match = row->match,
		.name = xasprintf(
			"%s%s", row->prefix, source->config->mail_domain),
		.type = row->type,
		.data = data.len ? buf_take(&data) : NULL,
		.unknown = row->unknown,
	};
}

bool dns_address_is_private(const char *text)
{
	static const struct {
		uint32_t net, mask;
	} nets[] = {
		{ 0x0a000000, 0xff000000 }, /* 10/8 */
		{ 0x64400000, 0xffc00000 }, /* 100.64/10 */
		{ 0x7f000000, 0xff000000 }, /* 127/8 */
		{ 0xa9fe0000, 0xffff0000 }, /* 169.254/16 */
		{ 0xac100000, 0xfff00000 }, /* 172.16/12 */
		{ 0xc0a80000, 0xffff0000 }, /* 192.168/16 */
	};
	struct in6_addr a6;
	struct in_addr a4;

	if (inet_pton(AF_INET6, text, &a6) == 1)
		return (a6.s6_addr[0] & 0xfe) == 0xfc ||
			IN6_IS_ADDR_LINKLOCAL(&a6) || IN6_IS_ADDR_LOOPBACK(&a6);
	if (inet_pton(AF_INET, text, &a4) != 1)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(nets); i++)
		if ((ntohl(a4.s_addr) & nets[i].mask) == nets[i].net)
			return true;
	return false;
}

/* The one to publish: of the Internet, if there is one; else NULL, or any. */
static const char *choose_address(
	const struct dns_rrs *all, enum dns_type type, bool is_private_fine)
{
	const char *any = NULL;

	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].type != type)
			continue;
		if (!dns_address_is_private(all->v[i].data))
			return all->v[i].data;
		if (!any && is_private_fine)
			any = all->v[i].data;
	}
	return any;
}

static char *join_addresses(const struct dns_rrs *all, enum dns_type type)
{
	AUTO_BUF struct buf out = BUF_INIT(DATA_MAX_BYTES);

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].type == type)
			buf_addf(&out, "%s%s", out.len ? " " : "",
				all->v[i].data);
	return xstrdup(buf_str(&out));
}

/*
 * One for each family, also where the host has none: what is published
 * then leads elsewhere. IPv4 is required where the host has it; IPv6 only
 * where there is nothing else.
 */
static void add_addresses(
	const struct source *source, struct dns_records *records)
{
	static const struct dns_rrs none = { 0 };
	const struct dns_rrs *all = &source->facts->addresses;
	const struct dns_rrs *six = source->config->disable_ipv6 ? &none : all;
	const char *ipv4 = choose_address(all, DNS_A, true);
	const char *ipv6 = choose_address(six, DNS_AAAA, !ipv4);

	*add(records) = (struct dns_record){
		.label = "IPv4 address",
		.is_required = ipv4,
		.match = DNS_MATCH_ADDRESS,
		.name = xstrdup(source->config->mail_domain),
		.type = DNS_A,
		.data = ipv4 ? xstrdup(ipv4) : NULL,
		.accepts = join_addresses(all, DNS_A),
	};
	*add(records) = (struct dns_record){
		.label = "IPv6 address",
		.is_required = ipv6 && !ipv4,
		.match = DNS_MATCH_ADDRESS,
		.name = xstrdup(source->config->mail_domain),
		.type = DNS_AAAA,
		.data = ipv6 ? xstrdup(ipv6) : NULL,
		.accepts = join_addresses(six, DNS_AAAA),
	};
}

void dns_records_make(const struct config *config,
	const struct dns_facts *facts, struct dns_records *ret_records)
{
	const struct source source = { config, facts };
	struct dns_records records = { 0 };

	add_addresses(&source, &records);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_row(&rows[i], &source, &records);
	*ret_records = records;
}

void dns_record_release(struct dns_record *record)
{
	free(record->name);
	free(record->data);
	free(record->accepts);
	*record = (struct dns_record){ 0 };
}

void dns_records_release(struct dns_records *records)
{
	for (size_t i = 0; i < records->n; i++)
		dns_record_release(&records->v[i]);
	free(records->v);
	*records = (struct dns_records){ 0 };
}
