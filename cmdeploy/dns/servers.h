/*
 * servers.h - lists of name servers: those of a zone, the root servers,
 * the resolvers of this machine.
 */
#ifndef CMDEPLOY_DNS_SERVERS_H
#define CMDEPLOY_DNS_SERVERS_H

#include <stdbool.h>

#include "lib/addr.h"

enum {
	DNS_PORT = 53,
	DNS_SERVERS_MAX = 32,
};

struct dns_server {
	struct addr addr;
	char *text; /* "ns.example.org (192.0.2.1)" */
};

struct dns_servers {
	struct dns_server *v;
	size_t n;
};

/*
 * `name` may be NULL. What is no address, is there already, or is one too
 * many, is left out.
 */
void dns_servers_add(struct dns_servers *servers, const char *name,
	const char *address, unsigned port);
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

#endif
