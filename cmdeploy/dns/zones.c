/* Zones and their name servers. */
#include "cmdeploy/dns/zones.h"

#include <errno.h>
#include <string.h>

#include "lib/num.h"

/* As IANA publishes them (https://www.iana.org/domains/root/servers). */
static const struct {
	const char *name, *ipv4, *ipv6;
} roots[] = {
	{ "a.root-servers.net", "198.41.0.4", "2001:503:ba3e::2:30" },
	{ "b.root-servers.net", "170.247.170.2", "2801:1b8:10::b" },
	{ "c.root-servers.net", "192.33.4.12", "2001:500:2::c" },
	{ "d.root-servers.net", "199.7.91.13", "2001:500:2d::d" },
	{ "e.root-servers.net", "192.203.230.10", "2001:500:a8::e" },
	{ "f.root-servers.net", "192.5.5.241", "2001:500:2f::f" },
	{ "g.root-servers.net", "192.112.36.4", "2001:500:12::d0d" },
	{ "h.root-servers.net", "198.97.190.53", "2001:500:1::53" },
	{ "i.root-servers.net", "192.36.148.17", "2001:7fe::53" },
	{ "j.root-servers.net", "192.58.128.30", "2001:503:c27::2:30" },
	{ "k.root-servers.net", "193.0.14.129", "2001:7fd::1" },
	{ "l.root-servers.net", "199.7.83.42", "2001:500:9f::42" },
	{ "m.root-servers.net", "202.12.27.33", "2001:dc3::35" },
};

static bool has_server(
	const struct dns_servers *servers, const struct addr *addr)
{
	for (size_t i = 0; i < servers->n; i++)
		if (servers->v[i].addr.len == addr->len &&
			memcmp(&servers->v[i].addr.sa, &addr->sa, addr->len) ==
				0)
			return true;
	return false;
}

void dns_servers_add(struct dns_servers *servers, const char *name,
	const char *address, unsigned port)
{
	bool is_ipv6 = strchr(address, ':');
	AUTO_FREE char *where =
		xasprintf(is_ipv6 ? "[%s]:%u" : "%s:%u", address, port);
	struct addr addr;

	if (servers->n >= DNS_SERVERS_MAX ||
		addr_parse(where, &addr, NULL) < 0 ||
		has_server(servers, &addr))
		return;
	servers->v =
		xreallocarray(servers->v, servers->n + 1, sizeof(*servers->v));
	servers->v[servers->n++] = (struct dns_server){
		.addr = addr,
		.text = name ? xasprintf("%s (%s)", name, address)
			     : xstrdup(address),
	};
}

void dns_servers_rotate(struct dns_servers *servers, size_t n)
{
	for (; n > 0 && servers->n > 0; n--) {
		struct dns_server first = servers->v[0];
		memmove(servers->v, servers->v + 1,
			(servers->n - 1) * sizeof(first));
		servers->v[servers->n - 1] = first;
	}
}

void dns_servers_release(struct dns_servers *servers)
{
	for (size_t i = 0; i < servers->n; i++)
		free(servers->v[i].text);
	free(servers->v);
	*servers = (struct dns_servers){ 0 };
}

/* IPv6 last: a machine without it need not find that out 13 times. */
void dns_servers_add_roots(struct dns_servers *servers)
{
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		dns_servers_add(
			servers, roots[i].name, roots[i].ipv4, DNS_PORT);
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		dns_servers_add(
			servers, roots[i].name, roots[i].ipv6, DNS_PORT);
}

/* "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:5353" */
static int parse_one(
	struct slice word, struct dns_servers *servers, unsigned *ret_port)
{
	struct slice host = word, digits;
	uint64_t port = DNS_PORT;
	size_t before = servers->n;

	if (!slice_ends(word, SLICE("]")) &&
		slice_cut_last(word, ':', &host, &digits) &&
		num_parse_max(digits, UINT16_MAX, &port) < 0)
		return -EINVAL;
	if (slice_starts(host, SLICE("[")) && slice_ends(host, SLICE("]")))
		host = slice_from(slice_head(host, host.len - 1), 1);
	AUTO_FREE char *address = slice_dup(host);
	dns_servers_add(servers, NULL, address, (unsigned)port);
	*ret_port = (unsigned)port;
	return servers->n > before ? 0 : -EINVAL;
}

int dns_servers_parse(const char *text, struct dns_servers *servers,
	unsigned *ret_port, struct buf *why)
{
	struct slice rest = slice_of(text), word;

	for (bool is_last = false; !is_last;) {
		is_last = !slice_cut(rest, ',', &word, &rest);
		if (is_last)
			word = rest;
		word = slice_trim(word);
		if (parse_one(word, servers, ret_port) < 0)
			return because(why, -EINVAL,
				"\"%.*s\": give ADDRESS or ADDRESS:PORT, such "
				"as 192.0.2.1 or [2001:db8::1]:53",
				SLICE_FMT(word));
	}
	return 0;
}

void dns_servers_add_resolvers(
	struct dns_servers *servers, struct slice resolv_conf)
{
	struct slice line, word;

	while (slice_next_line(&resolv_conf, &line)) {
		if (!slice_next_word(&line, &word) ||
			!slice_eq_str(word, "nameserver") ||
			!slice_next_word(&line, &word))
			continue;
		AUTO_FREE char *address = slice_dup(word);
		dns_servers_add(servers, NULL, address, DNS_PORT);
	}
}

/* NULL when the table is full. */
static struct zone *add(struct zones *all, const ldns_rdf *name)
{
	if (all->n >= ZONES_MAX)
		return NULL;
	struct zone *zone = xcalloc(1, sizeof(*zone));
	zone->name = ldns_rdf_clone(name);
	all->v[all->n++] = zone;
	return zone;
}

static bool is_glue(const ldns_rr *rr, const ldns_rdf *name)
{
	ldns_rr_type type = ldns_rr_get_type(rr);

	return (type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA) &&
		ldns_dname_compare(ldns_rr_owner(rr), name) == 0;
}

/*
 * The server's addresses, from who has a say over its name (bailiwick);
 * otherwise they are looked up when needed.
 */
static void add_server(struct zone *zone, const struct zone *parent,
	const ldns_rdf *name, const ldns_rr_list *glue, unsigned port)
{
	AUTO_FREE char *text = dns_name_text(name);
	size_t before = zone->servers.n;

	for (size_t i = 0; i < ldns_rr_list_rr_count(glue); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(glue, i);
		if (!is_glue(rr, name) || !dns_name_is_in(name, parent->name))
			continue;
		AUTO_FREE char *address = ldns_rdf2str(ldns_rr_rdf(rr, 0));
		dns_servers_add(&zone->servers, text, address, port);
	}
	if (zone->servers.n == before && zone->n_names < ZONE_NAMES_MAX)
		zone->names[zone->n_names++] = ldns_rdf_clone(name);
}

static void zone_free(struct zone *zone)
{
	ldns_rdf_deep_free(zone->name);
	free(zone->failure);
	for (size_t i = 0; i < zone->n_names; i++)
		ldns_rdf_deep_free(zone->names[i]);
	dns_servers_release(&zone->servers);
	free(zone);
}

void zones_init(struct zones *all)
{
	ldns_rdf *root = dns_name(".");

	*all = (struct zones){ .port = DNS_PORT };
	add(all, root);
	ldns_rdf_deep_free(root);
}

void zones_release(struct zones *all)
{
	for (size_t i = 0; i < all->n; i++)
		zone_free(all->v[i]);
	all->n = 0;
}

struct zone *zones_add(struct zones *all, const struct zone *parent,
	const ldns_rdf *name, const ldns_pkt *m)
{
	const ldns_rr_list *rrs = ldns_pkt_authority(m);
	struct zone *zone = add(all, name);

	for (size_t i = 0; zone && i < ldns_rr_list_rr_count(rrs); i++) {
		const ldns_rr *ns = ldns_rr_list_rr(rrs, i);
		if (ldns_rr_get_type(ns) == LDNS_RR_TYPE_NS &&
			ldns_dname_compare(ldns_rr_owner(ns), name) == 0)
			add_server(zone, parent, ldns_rr_rdf(ns, 0),
				ldns_pkt_additional(m), all->port);
	}
	return zone;
}

struct zone *zones_nearest(const struct zones *all, const ldns_rdf *name)
{
	struct zone *nearest = all->v[0];

	for (size_t i = 1; i < all->n; i++) {
		struct zone *zone = all->v[i];
		if (dns_name_is_in(name, zone->name) &&
			ldns_dname_is_subdomain(zone->name, nearest->name))
			nearest = zone;
	}
	return nearest;
}
