/*
 * resolver.h - whom the resolver of this machine passes all questions on to.
 *
 * It should find its answers itself. But resolvconf and the hooks of DHCP tell
 * the unbound that runs to ask the network's resolver, whose answers nobody
 * checks before it, and which may refuse DNSSEC.
 */
#ifndef CMDEPLOY_HOST_RESOLVER_H
#define CMDEPLOY_HOST_RESOLVER_H

#include "lib/buf.h"

/*
 * Appends the forwarders of the whole tree of names, with blanks between, out
 * of what "unbound-control list_forwards" prints.
 */
void resolver_parse_forwarders(struct buf *out, struct slice text);

/* Appends those that it has now; nothing where it does not answer. */
void resolver_add_forwarders(struct buf *out);

/* A file of the operator's says so, for all names. */
bool resolver_forwards_by_file(void);

/* It forgets them, and what it knows from them. */
int resolver_end_forwarding(struct buf *why) MUST_CHECK;

#endif
