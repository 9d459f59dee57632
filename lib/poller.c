/* poller.c - an epoll of our own, which the event loop sees as one source. */
#include "lib/poller.h"

#include <errno.h>
#include <sys/epoll.h>

#include "lib/die.h"

enum {
	READY_MAX = 64,
	/* Batches a turn, before the loop's other sources have theirs. */
	BATCHES_MAX = 8,
};

/* Lives as long as its loop, which owns the source. */
struct poller {
	struct poller *next;
	sd_event *event;
	int fd;
	struct epoll_event *ready; /* while they are being served */
	int n_ready;
};

static struct poller *pollers;

/* What is ready now; how many that was. */
static int serve(struct poller *poller)
{
	struct epoll_event ready[READY_MAX];

	poller->n_ready = epoll_wait(poller->fd, ready, READY_MAX, 0);
	int n = poller->n_ready;
	poller->ready = ready;
	for (int i = 0; i < poller->n_ready; i++) {
		struct pollee *p = ready[i].data.ptr;
		if (p) /* not removed by one before it */
			p->on_ready(p, ready[i].events);
	}
	poller->ready = NULL;
	poller->n_ready = 0;
	return n;
}

/* One that is alone has to wait for its peer: no use in asking again. */
static int on_poll(sd_event_source *s UNUSED, int fd UNUSED,
	uint32_t revents UNUSED, void *userdata)
{
	for (int i = 0; i < BATCHES_MAX && serve(userdata) > 1; i++)
		;
	return 0;
}

static void forget_ready(struct poller *poller, const struct pollee *p)
{
	for (int i = 0; i < poller->n_ready; i++)
		if (poller->ready[i].data.ptr == p)
			poller->ready[i].data.ptr = NULL;
}

/* The loop is being freed. */
static void free_poller(void *userdata)
{
	struct poller *poller = userdata;
	struct poller **at = &pollers;

	while (*at != poller)
		at = &(*at)->next;
	*at = poller->next;
	fd_close(&poller->fd);
	free(poller);
}

static int add_source(struct poller *poller)
{
	sd_event_source *source;
	int r = sd_event_add_io(
		poller->event, &source, poller->fd, EPOLLIN, on_poll, poller);

	if (r < 0)
		return r;
	sd_event_source_set_destroy_callback(source, free_poller);
	sd_event_source_set_floating(source, 1);
	sd_event_source_unref(source);
	return 0;
}

static struct poller *find_poller(const sd_event *event)
{
	struct poller *poller = pollers;

	while (poller && poller->event != event)
		poller = poller->next;
	return poller;
}

/* NULL with errno set when it cannot be made. */
static struct poller *new_poller(sd_event *event)
{
	AUTO_CLOSE int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return NULL;
	struct poller *poller = xcalloc(1, sizeof(*poller));
	*poller = (struct poller){ .event = event, .fd = fd };
	int r = add_source(poller);
	if (r < 0) {
		free(poller);
		errno = -r;
		return NULL;
	}
	fd = -1;
	poller->next = pollers;
	pollers = poller;
	return poller;
}

int pollee_add(sd_event *event, struct pollee *p, uint32_t events)
{
	struct epoll_event wanted = { .events = events, .data.ptr = p };
	struct poller *poller = find_poller(event);

	if (!poller)
		poller = new_poller(event);
	if (!poller || epoll_ctl(poller->fd, EPOLL_CTL_ADD, p->fd, &wanted) < 0)
		return -errno;
	p->poller = poller;
	p->events = events;
	return 0;
}

void pollee_set(struct pollee *p, uint32_t events)
{
	struct epoll_event wanted = { .events = events, .data.ptr = p };

	if (events == p->events)
		return;
	p->events = events;
	if (epoll_ctl(p->poller->fd, EPOLL_CTL_MOD, p->fd, &wanted) < 0)
		bug("cannot watch a descriptor");
}

/*
 * Said to epoll, not left to close(2): a child between fork and exec may
 * hold the descriptor a moment longer.
 */
void pollee_remove(struct pollee *p)
{
	if (!p->poller)
		return;
	forget_ready(p->poller, p);
	epoll_ctl(p->poller->fd, EPOLL_CTL_DEL, p->fd, NULL);
	p->poller = NULL;
}
