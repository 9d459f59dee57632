/*
 * net.h - the IPv4 addresses of this machine and who holds its ports.
 */
#ifndef CMDEPLOY_HOST_NET_H
#define CMDEPLOY_HOST_NET_H

#include <netinet/in.h>
#include <stdbool.h>

#include "lib/buf.h"

/* RFC 1918. */
bool net_is_private(struct in_addr address);
/* 127/8 */
bool net_is_loopback(struct in_addr address);
/*
 * Reached from everywhere: not of a private network (also of a provider's,
 * RFC 6598), of the machine itself, or of one link.
 */
bool net_is_public(struct in_addr address);
/* Can be bound here. */
bool net_is_local(struct in_addr address);

/*
 * The address by which other machines reach this one, when that is a
 * private one: of the interface that the default route leaves by, or of
 * any where there is no such route. Otherwise 127.0.0.1.
 */
struct in_addr net_default_address(void);

/*
 * Writes the address from which this machine reaches the internet; "" where it
 * does not with addresses of this family, AF_INET or AF_INET6.
 */
void net_source_address(int family, char text[INET6_ADDRSTRLEN]);

/* Appends the addresses of all interfaces, separated by ", ". */
void net_list_addresses(struct buf *out);

/*
 * 0 when a server may listen there (0.0.0.0: on all addresses). -EADDRINUSE
 * otherwise, and `holder` gets who listens: "nginx (pid 12)".
 */
int net_port_free(
	struct in_addr address, unsigned port, struct buf *holder) MUST_CHECK;

#endif
