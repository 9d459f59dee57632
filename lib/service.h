/*
 * service.h - the skeleton of every daemon: arguments, limits, signals,
 * listening sockets, readiness, the event loop, and a clean end.
 *
 * main() hands one struct service to service_main() and returns what it
 * returns. In order: service_main() answers --help and --version, raises
 * the descriptor limit, blocks SIGPIPE, calls start() (which reads the
 * settings, calls service_listen(), and dies by die() when something must
 * be mended), says READY=1 to the supervisor, and runs the loop until
 * SIGTERM or SIGINT. SIGHUP calls reload(), when there is one.
 */
#ifndef LIB_SERVICE_H
#define LIB_SERVICE_H

#include <systemd/sd-event.h>

#include "lib/addr.h"
#include "lib/util.h"

struct service {
	const char *name;
	const char *usage; /* arguments, e.g. "SOCKET INI" */
	int min_args;      /* without the program's name */
	int max_args;
	/* argv[0] is the first argument. Ends by die() if it cannot. */
	void (*start)(struct service *service, int argc, char **argv);
	void (*reload)(struct service *service); /* may be NULL */
	void (*stop)(struct service *service);   /* frees; may be NULL */
	sd_event *event;                         /* set before start() */
	void *owner;                             /* the program's own */
};

int service_main(struct service *service, int argc, char **argv);

/* Called for each accepted, non-blocking connection; takes fd. */
typedef void (*service_accept_fn)(void *owner, int fd);

/*
 * Listens on `address` ("HOST:PORT", "unix:/path"), or on the socket the
 * supervisor passed (sd_listen_fds(3)), in the order of the calls. Dies
 * with the address and the reason when that fails. When descriptors run
 * out, accepting pauses for a moment and goes on; nothing is dropped.
 */
void service_listen(struct service *service, const char *address,
	service_accept_fn fn, void *owner);

#endif
