/* Unit tests of cmdeploy/dns/zones.h. */
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
		ldns_pkt_section section;
		const char *text;
	} rrs[4];
	const char *want;
} cases[] = {
	{ "nothing", { { 0 } }, "" },
	{ "glue",
		{ { LDNS_SECTION_AUTHORITY, "r.test NS ns.r.test" },
			{ LDNS_SECTION_ADDITIONAL, "ns.r.test A 192.0.2.1" } },
		"ns.r.test (192.0.2.1)" },
	{ "glue of both kinds",
		{ { LDNS_SECTION_AUTHORITY, "r.test NS ns.r.test" },
			{ LDNS_SECTION_ADDITIONAL, "ns.r.test A 192.0.2.1" },
			{ LDNS_SECTION_ADDITIONAL,
				"ns.r.test AAAA 2001:db8::1" } },
		"ns.r.test (192.0.2.1)|ns.r.test (2001:db8::1)" },
	{ "glue of a sister",
		{ { LDNS_SECTION_AUTHORITY, "r.test NS ns.x.test" },
			{ LDNS_SECTION_ADDITIONAL, "ns.x.test A 192.0.2.1" } },
		"ns.x.test (192.0.2.1)" },
	{ "glue from who has no say",
		{ { LDNS_SECTION_AUTHORITY, "r.test NS ns.other" },
			{ LDNS_SECTION_ADDITIONAL, "ns.other A 192.0.2.1" } },
		"[ns.other]" },
	{ "no glue",
		{ { LDNS_SECTION_AUTHORITY, "r.test NS ns.other" },
			{ LDNS_SECTION_AUTHORITY, "r.test NS ns.r.test" },
			{ LDNS_SECTION_ADDITIONAL, "ns.r.test A 192.0.2.1" } },
		"ns.r.test (192.0.2.1)[ns.other]" },
	{ "an address that is the answer",
		{ { LDNS_SECTION_AUTHORITY, "r.test NS ns.r.test" },
			{ LDNS_SECTION_ANSWER, "ns.r.test A 192.0.2.1" } },
		"[ns.r.test]" },
	{ "servers of another zone",
		{ { LDNS_SECTION_AUTHORITY, "x.test NS ns.x.test" },
			{ LDNS_SECTION_ANSWER, "r.test NS ns.r.test" } },
		"" },
};

static ldns_pkt *message_of(size_t i)
{
	ldns_pkt *m = ldns_pkt_new();

	for (size_t k = 0; k < ARRAY_LEN(cases[i].rrs); k++) {
		const char *text = cases[i].rrs[k].text;
		ldns_rr *rr;
		if (!text)
			break;
		check_int(text, ldns_rr_new_frm_str(&rr, text, 60, NULL, NULL),
			LDNS_STATUS_OK);
		ldns_pkt_push_rr(m, cases[i].rrs[k].section, rr);
	}
	return m;
}

static void describe(const struct zone *zone, struct buf *out)
{
	for (size_t i = 0; i < zone->servers.n; i++)
		buf_addf(out, "%s%s", i ? "|" : "", zone->servers.v[i].text);
	for (size_t i = 0; i < zone->n_names; i++) {
		AUTO_FREE char *name = dns_name_text(zone->names[i]);
		buf_addf(out, "[%s]", name);
	}
}

static struct zone *add(struct zones *all, const struct zone *parent,
	const char *text, const ldns_pkt *m)
{
	ldns_rdf *name = dns_name(text);
	struct zone *zone = zones_add(all, parent, name, m);

	ldns_rdf_deep_free(name);
	return zone;
}

static void test_servers(void)
{
	ldns_pkt *none = ldns_pkt_new();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		ldns_pkt *m = message_of(i);
		struct zones all;
		zones_init(&all);
		struct zone *test = add(&all, all.v[0], "test", none);
		describe(add(&all, test, "r.test", m), &got);
		check_str(cases[i].name, buf_str(&got), cases[i].want);
		ldns_pkt_free(m);
		zones_release(&all);
	}
	ldns_pkt_free(none);
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
	ldns_pkt *none = ldns_pkt_new();
	struct zones all;

	zones_init(&all);
	check("r.test", add(&all, all.v[0], "r.test", none));
	check("test", add(&all, all.v[0], "test", none));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ldns_rdf *name = dns_name(rows[i].name);
		AUTO_FREE char *zone =
			dns_name_text(zones_nearest(&all, name)->name);
		check_str(rows[i].name, zone, rows[i].want);
		ldns_rdf_deep_free(name);
	}
	while (all.n < ZONES_MAX)
		check("room", add(&all, all.v[0], "x", none));
	check("full", !add(&all, all.v[0], "x", none));
	ldns_pkt_free(none);
	zones_release(&all);
}

int main(void)
{
	test_servers();
	test_nearest();
	return test_end();
}
