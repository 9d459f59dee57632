/*
 * link.h - one of many connections to a relay that a process holds: by TLS,
 * and never blocking. What has arrived is handed to on_input(); what is put
 * into `out` leaves by link_push().
 *
 * A silent connection holds no buffers. Callbacks may close their own link,
 * and no other one.
 */
#ifndef CMDEPLOY_LOAD_LINK_H
#define CMDEPLOY_LOAD_LINK_H

#include "cmdeploy/probe/probe.h"

enum {
	LINK_IN_MAX_BYTES = 1 << 20,
	LINK_OUT_MAX_BYTES = 16 << 20,
};

struct link {
	/* Set by who owns it. Returns how many of the bytes are done with. */
	size_t (*on_input)(struct link *l, struct slice in);
	/* It is broken or was closed by the relay; closed when this returns. */
	void (*on_end)(struct link *l, const char *why);
	uint64_t since_usec; /* it waits for an answer; 0: for nothing */

	int epoll_fd, fd; /* fd -1: closed */
	struct ssl_st *ssl;
	bool is_up; /* TLS is there */
	uint32_t events;
	struct buf in, out;
};

/* A new epoll, with room for the descriptors of so many links. */
int link_epoll(size_t n_links, int *ret_epoll_fd, struct buf *why) MUST_CHECK;
/* Begins to connect; what fails later is told to on_end(). */
int link_open(struct link *l, int epoll_fd, const struct probe_relay *p,
	unsigned port, struct buf *why) MUST_CHECK;
/* Accepts one that is closed; keeps the callbacks. */
void link_close(struct link *l);
/* Sends what is in l->out, as far as that goes at once, and the rest later. */
void link_push(struct link *l);
/* Serves the links that are ready; waits for `msec` at most. */
void link_turn(int epoll_fd, int msec);

#endif
