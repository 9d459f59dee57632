/* The table of the records that a relay needs. */
#include "cmdeploy/dns/records.h"

#include <arpa/inet.h>
#include <string.h>

#include "cmdeploy/embed.h"
#include "lib/die.h"
#include "lib/digest.h"
#include "lib/template.h"

/* What nginx shows to those who send mail here. */
#define POLICY "nginx/mta-sts.txt"

enum {
	DATA_MAX_BYTES = 1 << 12,
	STRING_MAX_BYTES = 255,
};

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
	AUTO_BUF struct buf policy = BUF_INIT(DATA_MAX_BYTES);
	struct template_vars vars = { 0 };
	struct slice text;

	template_vars_set(&vars, "mail_domain", config->mail_domain);
	if (!embed_find(POLICY, &text) ||
		template_render(POLICY, text, &vars, &policy, NULL) < 0)
		bug("the policy cannot be rendered");
	template_vars_release(&vars);
	buf_addf(out, "%016lx", digest_add(DIGEST_START, buf_slice(&policy)));
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

/* What the data of rows are made from. */
static void set_vars(const struct config *config, const struct dns_facts *facts,
	struct template_vars *vars)
{
	AUTO_BUF struct buf id = BUF_INIT(DATA_MAX_BYTES);
	const char *authority = authority_of(config);

	dns_mta_sts_id(config, &id);
	template_vars_set(vars, "domain", config->mail_domain);
	template_vars_set(vars, "policy_id", buf_str(&id));
	template_vars_set(vars, "authority", authority ? authority : "");
	template_vars_set(vars, "key", facts->dkim_key ? facts->dkim_key : "");
	template_vars_set(vars, "account",
		facts->acme_account ? facts->acme_account : "");
}

static const struct row {
	const char *label;
	bool is_required;
	const char *prefix; /* in front of the domain */
	ldns_rr_type type;
	enum dns_match match;
	/* A template of the zone's spelling, a TXT without quotes; when it
	 * makes nothing, the record is not known yet. */
	const char *data;
	bool (*counts)(const struct config *config); /* NULL: always */
	const char *unknown;
} rows[] = {
	{ "receives mail", true, "", LDNS_RR_TYPE_MX, DNS_MATCH_MX,
		"10 {{domain}}.", NULL, NULL },
	{ "TLS policy", true, "_mta-sts.", LDNS_RR_TYPE_TXT, DNS_MATCH_MTA_STS,
		"v=STSv1; id={{policy_id}}", is_certified, NULL },
	{ "TLS policy host", true, "mta-sts.", LDNS_RR_TYPE_CNAME,
		DNS_MATCH_ALIAS, "{{domain}}.", is_certified, NULL },
	{ "web", true, "www.", LDNS_RR_TYPE_CNAME, DNS_MATCH_ALIAS,
		"{{domain}}.", NULL, NULL },
	{ "DKIM key", true, "opendkim._domainkey.", LDNS_RR_TYPE_TXT,
		DNS_MATCH_DKIM,
		"{{#key}}v=DKIM1;k=rsa;p={{key}};s=email;t=s{{/key}}", NULL,
		"the host has no DKIM key yet; \"cmdeploy run\" makes one" },
	{ "senders (SPF)", false, "", LDNS_RR_TYPE_TXT, DNS_MATCH_SPF,
		"v=spf1 a ~all", NULL, NULL },
	{ "DMARC", false, "_dmarc.", LDNS_RR_TYPE_TXT, DNS_MATCH_DMARC,
		"v=DMARC1;p=reject;adkim=s;aspf=s", NULL, NULL },
	{ "certificates (CAA)", false, "", LDNS_RR_TYPE_CAA, DNS_MATCH_CAA,
		"{{#account}}0 issue "
		"\"{{authority}};accounturi={{account}}\"{{/account}}",
		has_authority,
		"the host has no ACME account yet; \"cmdeploy run\" makes "
		"one" },
	{ "mail programs", false, "autoconfig.", LDNS_RR_TYPE_CNAME,
		DNS_MATCH_ALIAS, "{{domain}}.", is_certified, NULL },
	{ "ADSP", false, "_adsp._domainkey.", LDNS_RR_TYPE_TXT, DNS_MATCH_ADSP,
		"dkim=discardable", NULL, NULL },
	{ "SMTP, STARTTLS", false, "_submission._tcp.", LDNS_RR_TYPE_SRV,
		DNS_MATCH_SRV, "0 1 587 {{domain}}.", NULL, NULL },
	{ "SMTP, TLS", false, "_submissions._tcp.", LDNS_RR_TYPE_SRV,
		DNS_MATCH_SRV, "0 1 465 {{domain}}.", NULL, NULL },
	{ "IMAP, STARTTLS", false, "_imap._tcp.", LDNS_RR_TYPE_SRV,
		DNS_MATCH_SRV, "0 1 143 {{domain}}.", NULL, NULL },
	{ "IMAP, TLS", false, "_imaps._tcp.", LDNS_RR_TYPE_SRV, DNS_MATCH_SRV,
		"0 1 993 {{domain}}.", NULL, NULL },
};

/* In strings of at most 255 bytes (RFC 1035, 3.3.14). */
static void add_quoted(struct slice text, struct buf *out)
{
	for (; text.len > 0; text = slice_from(text, STRING_MAX_BYTES)) {
		struct slice part = slice_head(text, STRING_MAX_BYTES);
		buf_addf(out, " \"%.*s\"", SLICE_FMT(part));
	}
}

/* Without data, or with what cannot be any: a record that is not known. */
static void fill_in(struct dns_record *record, struct slice data)
{
	AUTO_BUF struct buf line = BUF_INIT(DATA_MAX_BYTES);
	ldns_rr *rr;

	buf_addf(&line, "%s. %d IN %s ", record->name, ZONE_TTL_SEC,
		dns_type_name(record->type));
	if (record->type == LDNS_RR_TYPE_TXT)
		add_quoted(data, &line);
	else
		buf_add_slice(&line, data);
	if (data.len == 0 || !buf_ok(&line) ||
		ldns_rr_new_frm_str(&rr, buf_str(&line), 0, NULL, NULL) !=
			LDNS_STATUS_OK)
		return;
	record->data = dns_data(rr);
	record->line = dns_line(rr);
	ldns_rr_free(rr);
}

/* Takes the name and what else the record owns. */
static void add(struct dns_records *records, struct dns_record record,
	struct slice data)
{
	fill_in(&record, data);
	records->v =
		xreallocarray(records->v, records->n + 1, sizeof(*records->v));
	records->v[records->n++] = record;
}

static void add_row(const struct row *row, const struct config *config,
	const struct template_vars *vars, struct dns_records *records)
{
	AUTO_BUF struct buf data = BUF_INIT(DATA_MAX_BYTES);
	const struct dns_record record = {
		.label = row->label,
		.is_required = row->is_required,
		.match = row->match,
		.name = xasprintf("%s%s", row->prefix, config->mail_domain),
		.type = row->type,
		.unknown = row->unknown,
	};

	if (template_render(
		    row->label, slice_of(row->data), vars, &data, NULL) < 0)
		bug("a row cannot be rendered");
	add(records, record, buf_slice(&data));
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

static bool is_of(const char *address, ldns_rr_type type)
{
	return (type == LDNS_RR_TYPE_AAAA) == (strchr(address, ':') != NULL);
}

/* The one to publish: of the Internet, if there is one; else "", or any. */
static const char *choose_address(
	const struct words *all, ldns_rr_type type, bool is_private_fine)
{
	const char *any = "";

	for (size_t i = 0; i < all->n; i++) {
		if (!is_of(all->v[i], type))
			continue;
		if (!dns_address_is_private(all->v[i]))
			return all->v[i];
		if (!any[0] && is_private_fine)
			any = all->v[i];
	}
	return any;
}

static char *join_addresses(const struct words *all, ldns_rr_type type)
{
	AUTO_BUF struct buf out = BUF_INIT(DATA_MAX_BYTES);

	for (size_t i = 0; i < all->n; i++)
		if (is_of(all->v[i], type))
			buf_addf(&out, "%s%s", out.len ? " " : "", all->v[i]);
	return xstrdup(buf_str(&out));
}

/*
 * One for each family, also where the host has none: what is published
 * then points elsewhere. IPv4 is required where the host has it; IPv6 only
 * where there is nothing else.
 */
static void add_addresses(const struct config *config,
	const struct dns_facts *facts, struct dns_records *records)
{
	static const struct words none = { 0 };
	const struct words *all = &facts->addresses;
	const struct words *six = config->disable_ipv6 ? &none : all;
	const char *ipv4 = choose_address(all, LDNS_RR_TYPE_A, true);
	const char *ipv6 = choose_address(six, LDNS_RR_TYPE_AAAA, !ipv4[0]);
	struct dns_record record = {
		.label = "IPv4 address",
		.is_required = ipv4[0],
		.match = DNS_MATCH_ADDRESS,
		.name = xstrdup(config->mail_domain),
		.type = LDNS_RR_TYPE_A,
		.accepts = join_addresses(all, LDNS_RR_TYPE_A),
	};

	add(records, record, slice_of(ipv4));
	record.label = "IPv6 address";
	record.is_required = ipv6[0] && !ipv4[0];
	record.name = xstrdup(config->mail_domain);
	record.type = LDNS_RR_TYPE_AAAA;
	record.accepts = join_addresses(six, LDNS_RR_TYPE_AAAA);
	add(records, record, slice_of(ipv6));
}

void dns_records_make(const struct config *config,
	const struct dns_facts *facts, struct dns_records *ret_records)
{
	struct template_vars vars = { 0 };
	struct dns_records records = { 0 };

	set_vars(config, facts, &vars);
	add_addresses(config, facts, &records);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!rows[i].counts || rows[i].counts(config))
			add_row(&rows[i], config, &vars, &records);
	template_vars_release(&vars);
	*ret_records = records;
}

void dns_record_release(struct dns_record *record)
{
	free(record->name);
	free(record->data);
	free(record->line);
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

static void add_part(const struct dns_records *records, bool is_required,
	const char *title, struct buf *out)
{
	buf_addf(out, "\n; %s\n", title);
	for (size_t i = 0; i < records->n; i++) {
		const struct dns_record *record = &records->v[i];
		if (record->is_required != is_required)
			continue;
		if (record->line)
			buf_addf(out, "%s\n", record->line);
		else if (record->unknown)
			buf_addf(out, "; %s. %s: %s\n", record->name,
				dns_type_name(record->type), record->unknown);
	}
}

void dns_records_add_zone(const struct config *config,
	const struct dns_records *records, struct buf *out)
{
	buf_addf(out,
		"; DNS records of the chatmail relay %s, for $INCLUDE in its "
		"zone\n; or for a provider's import. Names are whole, SOA and "
		"NS stay as they are.\n",
		config->mail_domain);
	add_part(records, true, "required", out);
	add_part(records, false, "recommended", out);
}
