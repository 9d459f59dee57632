/*
 * delegation.h - the zones on the way from the root to a name, each as the
 * zone above it delegates it (RFC 1034, 4.2.1): by NS records, and by the
 * addresses of those servers that it has a say over. Pure.
 */
#ifndef CMDEPLOY_DNS_DELEGATION_H
#define CMDEPLOY_DNS_DELEGATION_H

#include "cmdeploy/dns/message.h"
#include "cmdeploy/dns/servers.h"

enum {
	DELEGATIONS_MAX = 128,
	/* Of servers whose addresses are looked up. */
	DELEGATION_NAMES_MAX = 16,
};

struct delegation {
	char *name; /* of the zone */
	struct dns_servers servers;
	/* Of servers without an address so far. */
	char *names[DELEGATION_NAMES_MAX];
	size_t n_names;
	/* For who asks them: nobody answers there; why. Owned. */
	char *failure;
};

struct delegations {
	struct delegation *v[DELEGATIONS_MAX]; /* the first is the root */
	size_t n;
	unsigned port; /* of all servers that are told of */
};

/* The root, without servers so far. */
void delegations_init(struct delegations *all);
void delegations_release(struct delegations *all);

/* One more zone; the message is from servers of `parent`. NULL: no room. */
struct delegation *delegations_add(struct delegations *all,
	const struct delegation *parent, const char *name,
	const struct dns_message *m);

/* The known zone that is nearest to the name. */
struct delegation *delegations_nearest(
	const struct delegations *all, const char *name);

#endif
