/*
 * ports.h - the ports and sockets on which the services of a relay are
 * to answer, with their addresses filled in.
 */
#ifndef CMDEPLOY_RELAY_PORTS_H
#define CMDEPLOY_RELAY_PORTS_H

#include "cmdeploy/relay/relay.h"
#include "lib/addr.h"

struct relay_port {
	const struct port *decl;
	const struct service *service;
	struct addr addr;
	struct in_addr host; /* of a TCP port */
	unsigned number;     /* 0: a unix socket */
	char *text;          /* "127.0.0.1:25", "unix:/path" */
};

struct relay_ports {
	struct relay_port *v;
	size_t n;
};

int relay_ports_list(const struct relay *relay, struct relay_ports *ret_ports,
	struct buf *why) MUST_CHECK;
void relay_ports_release(struct relay_ports *ports);

/*
 * 0 when it answers in its protocol, within a moment; otherwise a
 * negative errno.
 */
int relay_port_probe(const struct relay_port *port) MUST_CHECK;

#endif
