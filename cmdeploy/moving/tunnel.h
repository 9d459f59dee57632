/*
 * tunnel.h - WireGuard between a relay without a public address and its proxy.
 * The relay begins it, so that nothing must be open there; it sees the true
 * addresses of its clients, and its mail leaves through it.
 */
#ifndef CMDEPLOY_MOVING_TUNNEL_H
#define CMDEPLOY_MOVING_TUNNEL_H

#include "cmdeploy/host/ssh.h"
#include "lib/words.h"

/*
 * Makes keys and both ends; the tunnel is up then. `relay` is where ssh finds
 * the relay; `addresses` are the proxy's, and the tunnel goes to the first.
 * The relay's addresses in the tunnel, IPv4 and IPv6, are added to
 * `ret_addresses`.
 */
int tunnel_make(const struct ssh_host *proxy, const char *relay,
	const struct words *addresses, struct words *ret_addresses,
	struct buf *why) MUST_CHECK;

/* The address is one of a tunnel, at either end. */
bool tunnel_has(const char *address);

/* Undoes the relay's end. */
int tunnel_remove(const char *relay, const struct words *addresses,
	struct buf *why) MUST_CHECK;

#endif
