/*
 * service.c - main() of a daemon: signals, sockets, and the event loop.
 */
#include "lib/service.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/log.h"

enum {
	BACKLOG = 4096,
	ACCEPTS_A_TURN = 64,
	PAUSE_USEC = 100000,
};

struct listener {
	struct listener *next;
	struct service *service;
	service_accept_fn fn;
	void *owner;
	sd_event_source *io;
	sd_event_source *pause;
	int fd;
};

static struct listener *listeners;
static int n_listeners;

static void set_listening(struct listener *l, bool is_on)
{
	if (sd_event_source_set_enabled(
		    l->io, is_on ? SD_EVENT_ON : SD_EVENT_OFF) < 0)
		bug("cannot switch a listener");
}

static int on_pause_over(
	sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	set_listening(userdata, true);
	return 0;
}

static void pause_accepting(struct listener *l, int error)
{
	log_warning(
		"accept: %s; waiting for a free descriptor", strerror(error));
	set_listening(l, false);
	sd_event_source_disable_unref(l->pause);
	l->pause = NULL;
	if (sd_event_add_time_relative(l->service->event, &l->pause,
		    CLOCK_MONOTONIC, PAUSE_USEC, 0, on_pause_over, l) < 0)
		bug("cannot set a timer");
}

static int on_accept(sd_event_source *s UNUSED, int fd, uint32_t revents UNUSED,
	void *userdata)
{
	struct listener *l = userdata;

	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int peer =
			accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (peer < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (peer < 0) {
			if (errno != EAGAIN)
				pause_accepting(l, errno);
			return 0;
		}
		l->fn(l->owner, peer);
	}
	return 0;
}

/* The n-th socket passed by the supervisor, or -1. It may be one that blocks.
 */
static int passed_socket(int n)
{
	int fd = SD_LISTEN_FDS_START + n;

	if (n >= sd_listen_fds(0))
		return -1;
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		die("socket %d of the supervisor: %s", n, strerror(errno));
	return fd;
}

/* What is accepted inherits it (tcp(7)). Other sockets have no such thing. */
static void set_no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void service_listen(struct service *service, const char *address,
	service_accept_fn fn, void *owner)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct addr addr;
	int fd = passed_socket(n_listeners++);

	if (fd < 0) {
		if (addr_parse(address, &addr, &why) < 0)
			die("%s", buf_str(&why));
		if (addr_listen(&addr, BACKLOG, &fd, &why) < 0)
			die("%s: %s", address, buf_str(&why));
	}
	struct listener *l = xcalloc(1, sizeof(*l));
	*l = (struct listener){
		.next = listeners,
		.service = service,
		.fn = fn,
		.owner = owner,
		.fd = fd,
	};
	listeners = l;
	set_no_delay(fd);
	if (sd_event_add_io(service->event, &l->io, fd, EPOLLIN, on_accept, l) <
		0)
		die("%s: cannot watch the socket", address);
}

static void close_listeners(void)
{
	while (listeners) {
		struct listener *l = listeners;
		listeners = l->next;
		sd_event_source_disable_unref(l->io);
		sd_event_source_disable_unref(l->pause);
		fd_close(&l->fd);
		free(l);
	}
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int on_hup(sd_event_source *s UNUSED,
	const struct signalfd_siginfo *si UNUSED, void *userdata)
{
	struct service *service = userdata;

	if (service->reload)
		service->reload(service);
	return 0;
}

static void watch_signals(struct service *service)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_add_signal(service->event, NULL, SIGTERM, NULL, NULL) <
			0 ||
		sd_event_add_signal(service->event, NULL, SIGINT, NULL, NULL) <
			0 ||
		sd_event_add_signal(
			service->event, NULL, SIGHUP, on_hup, service) < 0)
		die("cannot watch signals");
}

static void answer_questions(struct service *service, int argc, char **argv)
{
	int n_args = argc - 1;

	if (n_args == 1 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", service->name, CHATMAIL_VERSION);
		exit(EXIT_SUCCESS);
	}
	if (n_args == 1 && strcmp(argv[1], "--help") == 0) {
		printf("usage: %s %s\n", service->name, service->usage);
		exit(EXIT_SUCCESS);
	}
	if (n_args < service->min_args || n_args > service->max_args) {
		fprintf(stderr, "usage: %s %s\n", service->name,
			service->usage);
		exit(2);
	}
}

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECK 1
#endif
#endif

#ifdef HAS_LEAK_CHECK
/*
 * LeakSanitizer stops the process at its end to look at it, and waits for
 * ever when SIGCONT undoes that: runsv(8) sends one after SIGTERM.
 */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/comm", (int)getppid());
	AUTO_BUF struct buf name = BUF_INIT(BUF_WHY_MAX_BYTES);

	return file_read(path, &name, NULL) == 0 &&
		slice_eq_str(buf_slice(&name), "runsv\n");
}
#endif

int service_main(struct service *service, int argc, char **argv)
{
	answer_questions(service, argc, argv);
	log_read_level();
	raise_descriptor_limit();
	if (sd_event_default(&service->event) < 0)
		die("cannot make an event loop");
	watch_signals(service);
	service->start(service, argc - 1, argv + 1);
	sd_notify(0, "READY=1");
	log_notice("ready");
	int r = sd_event_loop(service->event);
	sd_notify(0, "STOPPING=1");
	close_listeners();
	if (service->stop)
		service->stop(service);
	service->event = sd_event_unref(service->event);
	return r < 0 ? EXIT_FAILURE : r;
}
