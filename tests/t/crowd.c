/*
 * crowd ADDRESS HOSTS N silent|drip PORT...: a crowd at the doors of a relay
 * on loopback. N connections to each port, from HOSTS addresses of 127.77/16,
 * say nothing, or a byte a second. A connection that the relay ends is opened
 * again within a second. Says "ready" when all were opened once, and goes on
 * until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/num.h"
#include "lib/util.h"

enum {
	PORTS_MAX = 8,
	PEERS_MAX = 40000,
	EVENTS = 256,
	/* Opened in one go, so that the backlog of the relay is not full. */
	A_GO = 200,
	TICK_MSEC = 20,
	SECOND_MSEC = 1000,
};

struct peer {
	int fd; /* -1: not open */
	unsigned short port;
	unsigned host;
	size_t n_said;
};

struct crowd {
	struct sockaddr_in server;
	struct peer *peers;
	size_t n;
	bool drips;
	int epoll;
};

/* The beginning of what a client of this port says, and then letters. */
static char byte_of(const struct peer *peer)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03";
	static const char words[] = "EHLO ";
	bool is_tls =
		peer->port == 465 || peer->port == 993 || peer->port == 443;

	if (is_tls)
		return peer->n_said < sizeof(hello) - 1 ? hello[peer->n_said]
							: 'a';
	return peer->n_said < sizeof(words) - 1 ? words[peer->n_said] : 'a';
}

static void open_peer(struct crowd *crowd, struct peer *peer)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };
	int one = 1;

	from.sin_addr.s_addr = htonl(0x7f4d0001 + peer->host);
	crowd->server.sin_port = htons(peer->port);
	peer->n_said = 0;
	peer->fd =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (peer->fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(peer->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one,
		sizeof(one));
	if (bind(peer->fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		die("bind: %s", strerror(errno));
	if (connect(peer->fd, (struct sockaddr *)&crowd->server,
		    sizeof(crowd->server)) < 0 &&
		errno != EINPROGRESS)
		die("connect: %s", strerror(errno));
	if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, peer->fd, &event) < 0)
		die("epoll: %s", strerror(errno));
}

static void hear(struct peer *peer)
{
	char text[4096];
	ssize_t n = recv(peer->fd, text, sizeof(text), 0);

	if (n > 0 || (n < 0 && errno == EAGAIN))
		return;
	close(peer->fd);
	peer->fd = -1;
}

static void hear_all(struct crowd *crowd, int msec)
{
	struct epoll_event events[EVENTS];
	int n;

	while ((n = epoll_wait(crowd->epoll, events, EVENTS, msec)) > 0) {
		for (int i = 0; i < n; i++)
			hear(events[i].data.ptr);
		msec = 0;
	}
}

/* All that are not open, a few at a time. */
static void open_all(struct crowd *crowd)
{
	size_t n = 0;

	for (size_t i = 0; i < crowd->n; i++) {
		if (crowd->peers[i].fd >= 0)
			continue;
		open_peer(crowd, &crowd->peers[i]);
		if (++n % A_GO == 0)
			hear_all(crowd, TICK_MSEC);
	}
}

static void drip(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->n; i++) {
		struct peer *peer = &crowd->peers[i];
		char byte = byte_of(peer);
		if (peer->fd >= 0 &&
			send(peer->fd, &byte, 1, MSG_NOSIGNAL) == 1)
			peer->n_said++;
	}
}

static unsigned number(const char *text, unsigned max)
{
	uint64_t value;

	if (num_parse_max(slice_of(text), max, &value) < 0)
		die("not a number up to %u: %s", max, text);
	return (unsigned)value;
}

static void gather(struct crowd *crowd, unsigned n_hosts, unsigned n,
	char **ports, unsigned n_ports)
{
	crowd->n = (size_t)n * n_ports;
	crowd->peers = xcalloc(crowd->n, sizeof(*crowd->peers));
	for (size_t i = 0; i < crowd->n; i++)
		crowd->peers[i] = (struct peer){
			.fd = -1,
			.port = (unsigned short)number(
				ports[i % n_ports], 65535),
			.host = (unsigned)(i / n_ports) % n_hosts,
		};
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct crowd crowd = { .server.sin_family = AF_INET };

	if (argc < 6 || argc > 5 + PORTS_MAX ||
		inet_pton(AF_INET, argv[1], &crowd.server.sin_addr) != 1)
		die("usage: crowd ADDRESS HOSTS N silent|drip PORT...");
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	gather(&crowd, number(argv[2], 60000),
		number(argv[3], PEERS_MAX / PORTS_MAX), argv + 5,
		(unsigned)argc - 5);
	crowd.drips = strcmp(argv[4], "drip") == 0;
	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	open_all(&crowd);
	puts("ready");
	fflush(stdout);
	for (;;) {
		hear_all(&crowd, SECOND_MSEC);
		nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
		if (crowd.drips)
			drip(&crowd);
		open_all(&crowd);
	}
}
