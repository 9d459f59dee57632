/*
 * poller.h - many descriptors as one source of an event loop.
 *
 * sd_event dispatches one source a turn, and a turn costs several system
 * calls. The descriptors here share an epoll of their own, of which each
 * turn serves all that are ready.
 */
#ifndef LIB_POLLER_H
#define LIB_POLLER_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/util.h"

struct poller;

/* A descriptor that is watched: a member of what owns it. */
struct pollee {
	int fd;
	/* With EPOLLIN and so on. May remove any pollee, this one too. */
	void (*on_ready)(struct pollee *p, uint32_t revents);
	struct poller *poller; /* NULL while it is not watched */
	uint32_t events;
};

/* `fd` and on_ready are set; `p` stays where it is until it is removed. */
int pollee_add(sd_event *event, struct pollee *p, uint32_t events) MUST_CHECK;
void pollee_set(struct pollee *p, uint32_t events);
/* Before the descriptor is closed. Nothing happens to one not added. */
void pollee_remove(struct pollee *p);

#endif
