/*
 * server.h - what the programs of a server use, seen by a script that runs
 * there as root (server.sh). It looks at all services of the machine, since a
 * message also costs those that log.
 */
#ifndef CMDEPLOY_USAGE_SERVER_H
#define CMDEPLOY_USAGE_SERVER_H

#include "cmdeploy/host/host.h"
#include "cmdeploy/usage/usage.h"

struct usage_server {
	const struct host *host;
	struct buf why; /* the first thing that went wrong, or "" */
};

/* `server` is given with its host, and has to outlive the usage. */
struct usage *usage_new_server(struct usage_server *server);

#endif
