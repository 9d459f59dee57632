/*
 * map.h - tells Postfix which way mail for an address leaves: the table of
 * its transport_maps, by the protocol of socketmap_table(5).
 *
 * What goes over HTTPS gets a socket of its domain's, "to/DIGEST", so that
 * each domain is a destination of its own for Postfix: the queue of one that
 * does not answer holds up no other. These are links to our one socket, and
 * stay when we are restarted.
 */
#ifndef CHATMAILD_MXSEND_MAP_H
#define CHATMAILD_MXSEND_MAP_H

#include "chatmaild/mxsend/peers.h"

enum {
	MAP_OUT_MAX_BYTES = 65536,
};

struct map {
	sd_event *event;
	struct peers *peers;
	const char *dir; /* of the sockets: "lmtp", and the folder "to" */
};

/* Takes the connection, which ends with the peer, or with the process. */
void map_accept(struct map *map, int fd);

#endif
