/*
 * zones.h - the zones on the way from the root to a name, each as the zone
 * above it delegates it (RFC 1034, 4.2.1): by NS records, and by the
 * addresses of those servers that it has a say over. Pure.
 */
#ifndef CMDEPLOY_DNS_ZONES_H
#define CMDEPLOY_DNS_ZONES_H

#include "cmdeploy/dns/message.h"
#include "lib/addr.h"

enum {
	DNS_PORT = 53,
	DNS_SERVERS_MAX = 32,
	ZONES_MAX = 128,
	/* Of servers whose addresses are looked up. */
	ZONE_NAMES_MAX = 16,
};

struct dns_server {
	struct addr addr;
	char *text;     /* "ns.example.org (192.0.2.1)" */
	bool is_silent; /* did not answer when it was asked last */
	bool has_zone;  /* as walk_compare() has found, and in which state */
	uint32_t serial;
};

/* In the order in which they are asked. */
struct dns_servers {
	struct dns_server *v;
	size_t n;
};

/*
 * `name` may be NULL. Left out: what is not an address, what is there
 * already, and what is one too many.
 */
void dns_servers_add(struct dns_servers *servers, const char *name,
	const char *address, unsigned port);
/* The first n become the last. */
void dns_servers_rotate(struct dns_servers *servers, size_t n);
void dns_servers_release(struct dns_servers *servers);

/* The root servers of the world. */
void dns_servers_add_roots(struct dns_servers *servers);

/*
 * "ADDRESS[:PORT]", separated by commas; *ret_port is the port of the last
 * one. -EINVAL with a reason.
 */
int dns_servers_parse(const char *text, struct dns_servers *servers,
	unsigned *ret_port, struct buf *why) MUST_CHECK;

/* The nameserver lines of a text such as /etc/resolv.conf. */
void dns_servers_add_resolvers(
	struct dns_servers *servers, struct slice resolv_conf);

struct zone {
	ldns_rdf *name;
	struct dns_servers servers;
	/* Of servers without an address so far. */
	ldns_rdf *names[ZONE_NAMES_MAX];
	size_t n_names;
	char *failure; /* nobody answers there; why. Owned. */
};

struct zones {
	struct zone *v[ZONES_MAX]; /* the first is the root */
	size_t n;
	unsigned port; /* of all servers that NS records name */
};

/* The root, without servers so far. */
void zones_init(struct zones *all);
void zones_release(struct zones *all);

/* One more zone; the message is from servers of `parent`. NULL: no room. */
struct zone *zones_add(struct zones *all, const struct zone *parent,
	const ldns_rdf *name, const ldns_pkt *m);

/* The known zone that is nearest to the name. */
struct zone *zones_nearest(const struct zones *all, const ldns_rdf *name);

#endif
