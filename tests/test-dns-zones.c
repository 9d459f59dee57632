#include "cmdeploy/dns/zones.h"

#include "tests/test.h"

/*
 * What the servers of "test" say of the zone "r.test": name servers, and
 * addresses beside them. And what is known then: servers, then in brackets
 * the names that have to be looked up.
 */
static const struct {
	const char *name;
	struct {
		const char *owner;
		enum dns_type type;
		enum dns_section section;
		const char *data;
	} rrs[4];
	const char *want;
} cases[] = {
	{ "nothing", { { 0 } }, "" },
	{ "glue",
		{ { "r.test", DNS_NS, DNS_AUTHORITY, "ns.r.test" },
			{ "ns.r.test", DNS_A, DNS_ADDITIONAL, "192.0.2.1" } },
		"ns.r.test (192.0.2.1)" },
	{ "glue of both kinds",
		{ { "r.test", DNS_NS, DNS_AUTHORITY, "ns.r.test" },
			{ "ns.r.test", DNS_A, DNS_ADDITIONAL, "192.0.2.1" },
			{ "ns.r.test", DNS_AAAA, DNS_ADDITIONAL,
				"2001:db8::1" } },
		"ns.r.test (192.0.2.1)|ns.r.test (2001:db8::1)" },
	{ "glue of a sister",
		{ { "r.test", DNS_NS, DNS_AUTHORITY, "ns.x.test" },
			{ "ns.x.test", DNS_A, DNS_ADDITIONAL, "192.0.2.1" } },
		"ns.x.test (192.0.2.1)" },
	{ "glue from who has no say",
		{ { "r.test", DNS_NS, DNS_AUTHORITY, "ns.other" },
			{ "ns.other", DNS_A, DNS_ADDITIONAL, "192.0.2.1" } },
		"[ns.other]" },
	{ "no glue",
		{ { "r.test", DNS_NS, DNS_AUTHORITY, "ns.other" },
			{ "r.test", DNS_NS, DNS_AUTHORITY, "ns.r.test" },
			{ "ns.r.test", DNS_A, DNS_ADDITIONAL, "192.0.2.1" } },
		"ns.r.test (192.0.2.1)[ns.other]" },
	{ "an address that is the answer",
		{ { "r.test", DNS_NS, DNS_AUTHORITY, "ns.r.test" },
			{ "ns.r.test", DNS_A, DNS_ANSWER, "192.0.2.1" } },
		"[ns.r.test]" },
	{ "servers of another zone",
		{ { "x.test", DNS_NS, DNS_AUTHORITY, "ns.x.test" },
			{ "r.test", DNS_NS, DNS_ANSWER, "ns.r.test" } },
		"" },
};

static void fill(struct dns_message *m, size_t i)
{
	for (size_t k = 0; k < ARRAY_LEN(cases[i].rrs); k++) {
		if (!cases[i].rrs[k].owner)
			break;
		dns_rrs_add(&m->rrs, cases[i].rrs[k].owner,
			cases[i].rrs[k].type, slice_of(cases[i].rrs[k].data));
		m->rrs.v[k].section = cases[i].rrs[k].section;
	}
}

static void describe(const struct zone *zone, struct buf *out)
{
	for (size_t i = 0; i < zone->servers.n; i++)
		buf_addf(out, "%s%s", i ? "|" : "", zone->servers.v[i].text);
	for (size_t i = 0; i < zone->n_names; i++)
		buf_addf(out, "[%s]", zone->names[i]);
}

static void test_servers(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct dns_message none = { 0 }, m = { 0 };
		struct zones all;
		zones_init(&all);
		struct zone *test = zones_add(&all, all.v[0], "test", &none);
		fill(&m, i);
		struct zone *zone = zones_add(&all, test, "r.test", &m);
		describe(zone, &got);
		check_str(cases[i].name, buf_str(&got), cases[i].want);
		dns_message_release(&m);
		zones_release(&all);
	}
}

static void test_nearest(void)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "a.r.test", "r.test" },
		{ "r.test", "r.test" },
		{ "x.test", "test" },
		{ "tr.test", "test" },
		{ "other", "." },
		{ ".", "." },
	};
	const struct dns_message none = { 0 };
	struct zones all;

	zones_init(&all);
	check("r.test", zones_add(&all, all.v[0], "r.test", &none));
	check("test", zones_add(&all, all.v[0], "test", &none));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_str(rows[i].name, zones_nearest(&all, rows[i].name)->name,
			rows[i].want);
	while (all.n < ZONES_MAX)
		check("room", zones_add(&all, all.v[0], "x", &none));
	check("full", !zones_add(&all, all.v[0], "x", &none));
	zones_release(&all);
}

int main(void)
{
	test_servers();
	test_nearest();
	return test_end();
}
