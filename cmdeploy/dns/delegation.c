#include "cmdeploy/dns/delegation.h"

#include <string.h>

/* NULL when there is no room for one more. */
static struct delegation *add(struct delegations *all, const char *name)
{
	if (all->n >= DELEGATIONS_MAX)
		return NULL;
	struct delegation *zone = xcalloc(1, sizeof(*zone));
	zone->name = xstrdup(name);
	all->v[all->n++] = zone;
	return zone;
}

static void add_name(struct delegation *zone, const char *name)
{
	if (zone->n_names < DELEGATION_NAMES_MAX)
		zone->names[zone->n_names++] = xstrdup(name);
}

static bool is_glue(const struct dns_rr *rr, const char *name)
{
	return rr->section == DNS_ADDITIONAL &&
		(rr->type == DNS_A || rr->type == DNS_AAAA) &&
		strcmp(rr->owner, name) == 0;
}

/*
 * The server's addresses, from who has a say over its name (bailiwick);
 * otherwise they are looked up when needed.
 */
static void add_server(struct delegation *zone, const struct delegation *parent,
	const char *name, const struct dns_message *m, unsigned port)
{
	size_t before = zone->servers.n;

	for (size_t i = 0; i < m->rrs.n; i++)
		if (is_glue(&m->rrs.v[i], name) &&
			dns_name_is_in(name, parent->name))
			dns_servers_add(
				&zone->servers, name, m->rrs.v[i].data, port);
	if (zone->servers.n == before)
		add_name(zone, name);
}

static void delegation_free(struct delegation *zone)
{
	free(zone->name);
	free(zone->failure);
	for (size_t i = 0; i < zone->n_names; i++)
		free(zone->names[i]);
	dns_servers_release(&zone->servers);
	free(zone);
}

void delegations_init(struct delegations *all)
{
	*all = (struct delegations){ .port = DNS_PORT };
	add(all, ".");
}

void delegations_release(struct delegations *all)
{
	for (size_t i = 0; i < all->n; i++)
		delegation_free(all->v[i]);
	all->n = 0;
}

struct delegation *delegations_add(struct delegations *all,
	const struct delegation *parent, const char *name,
	const struct dns_message *m)
{
	struct delegation *zone = add(all, name);

	for (size_t i = 0; zone && i < m->rrs.n; i++) {
		const struct dns_rr *ns = &m->rrs.v[i];
		if (ns->section == DNS_AUTHORITY && ns->type == DNS_NS &&
			strcmp(ns->owner, name) == 0)
			add_server(zone, parent, ns->data, m, all->port);
	}
	return zone;
}

struct delegation *delegations_nearest(
	const struct delegations *all, const char *name)
{
	struct delegation *nearest = all->v[0];

	for (size_t i = 1; i < all->n; i++) {
		struct delegation *zone = all->v[i];
		if (dns_name_is_in(name, zone->name) &&
			strlen(zone->name) > strlen(nearest->name))
			nearest = zone;
	}
	return nearest;
}
