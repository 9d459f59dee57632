/* Addresses of this machine, and who listens where. */
#include "cmdeploy/host/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/file.h"
#include "lib/proc.h"

enum {
	PROC_FILE_MAX_BYTES = 16 << 20,
	LISTENERS_MAX_BYTES = 65536,
	LOCAL_COLUMN = 4,
	SS_SEC = 10,
	ROUTE_UP = 0x0001,
};

bool net_is_loopback(struct in_addr address)
{
	return ntohl(address.s_addr) >> 24 == 127;
}

bool net_is_private(struct in_addr address)
{
	uint32_t a = ntohl(address.s_addr);

	return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8;
}

bool net_is_public(struct in_addr address)
{
	uint32_t a = ntohl(address.s_addr);

	return a >> 24 != 0 && !net_is_loopback(address) &&
		!net_is_private(address) && a >> 22 != 0x191 &&
		a >> 16 != 0xa9fe && a >> 28 < 0xe;
}

static int bind_there(struct in_addr address, unsigned port)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr = address,
		.sin_port = htons((uint16_t)port),
	};
	int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
		listen(fd, 1) < 0)
		return -errno;
	return 0;
}

bool net_is_local(struct in_addr address)
{
	uint32_t a = ntohl(address.s_addr);

	return a != INADDR_ANY && a != INADDR_BROADCAST && !IN_MULTICAST(a) &&
		bind_there(address, 0) == 0;
}

static const struct in_addr *ipv4_of(const struct ifaddrs *i)
{
	if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		!(i->ifa_flags & IFF_UP))
		return NULL;
	return &((const struct sockaddr_in *)(const void *)i->ifa_addr)
			->sin_addr;
}

/* The interface of the default route with the least metric. */
static bool default_interface(char name[IF_NAMESIZE])
{
	AUTO_BUF struct buf text = BUF_INIT(PROC_FILE_MAX_BYTES);
	struct slice rest, line;
	unsigned long least = ~0UL;

	if (file_read("/proc/net/route", &text, NULL) < 0)
		return false;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *row = slice_dup(line);
		char dev[IF_NAMESIZE];
		unsigned long to, flags, metric, mask;
		if (sscanf(row, "%15s %lx %*x %lx %*u %*u %lu %lx", dev, &to,
			    &flags, &metric, &mask) != 5)
			continue;
		if (to != 0 || mask != 0 || !(flags & ROUTE_UP) ||
			metric >= least)
			continue;
		least = metric;
		memcpy(name, dev, IF_NAMESIZE);
	}
	return least != ~0UL;
}

struct in_addr net_default_address(void)
{
	struct in_addr found = { .s_addr = htonl(INADDR_LOOPBACK) };
	char name[IF_NAMESIZE];
	bool has_route = default_interface(name);
	struct ifaddrs *all;

	if (getifaddrs(&all) < 0)
		return found;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct in_addr *a = ipv4_of(i);
		if (!a || !net_is_private(*a) ||
			(has_route && strcmp(i->ifa_name, name) != 0))
			continue;
		found = *a;
		break;
	}
	freeifaddrs(all);
	return found;
}

/* Nothing is sent: the kernel chooses the address when told of the peer. */
void net_source_address(int family, char text[INET6_ADDRSTRLEN])
{
	bool is_ipv6 = family == AF_INET6;
	AUTO_CLOSE int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 1 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = 1 };
	struct sockaddr *peer =
		is_ipv6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
	socklen_t len = is_ipv6 ? sizeof(in6) : sizeof(in);

	/* A root server's of DNS, for one that is in the internet. */
	inet_pton(AF_INET, "198.41.0.4", &in.sin_addr);
	inet_pton(AF_INET6, "2001:503:ba3e::2:30", &in6.sin6_addr);
	text[0] = '\0';
	if (fd < 0 || connect(fd, peer, len) < 0 ||
		getsockname(fd, peer, &len) < 0)
		return;
	inet_ntop(family,
		is_ipv6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr, text,
		INET6_ADDRSTRLEN);
}

void net_list_addresses(struct buf *out)
{
	struct ifaddrs *all;
	char text[INET_ADDRSTRLEN];
	const char *comma = "";

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct in_addr *a = ipv4_of(i);
		if (!a || !inet_ntop(AF_INET, a, text, sizeof(text)))
			continue;
		buf_addf(out, "%s%s", comma, text);
		comma = ", ";
	}
	freeifaddrs(all);
}

/* A listener at `local` ("127.0.0.1%lo:53", "*:80") keeps others off there. */
static bool is_in_the_way(struct slice local, struct in_addr address)
{
	char text[INET_ADDRSTRLEN];
	struct slice host, port, interface;

	if (!slice_cut_last(local, ':', &host, &port))
		return false;
	slice_cut(host, '%', &host, &interface);
	return address.s_addr == INADDR_ANY || slice_eq_str(host, "*") ||
		slice_eq_str(host, "0.0.0.0") || slice_eq_str(host, "[::]") ||
		slice_eq_str(
			host, inet_ntop(AF_INET, &address, text, sizeof(text)));
}

/* Of users:(("nginx",pid=12,fd=6),...), the first. */
static bool add_user(struct slice users, struct buf *out)
{
	struct slice before, name, rest, pid;

	if (!slice_cut(users, '"', &before, &rest) ||
		!slice_cut(rest, '"', &name, &rest) ||
		!slice_cut(rest, '=', &before, &rest) ||
		!slice_cut(rest, ',', &pid, &rest))
		return false;
	buf_addf(out, "%.*s (pid %.*s)", SLICE_FMT(name), SLICE_FMT(pid));
	return true;
}

/* Asks ss(8), whose lines are state, two queues, local, peer, users. */
static bool find_holder(
	struct in_addr address, unsigned port, struct buf *holder)
{
	AUTO_BUF struct buf said = BUF_INIT(LISTENERS_MAX_BYTES);
	AUTO_FREE char *filter = xasprintf(":%u", port);
	const struct proc proc = {
		.argv = PROC_WORDS("ss", "-Hltnp", "sport", "=", filter),
		.timeout_sec = SS_SEC,
		.out = &said,
	};
	struct slice rest, line, local, word;

	if (proc_run_ok(&proc, NULL) < 0)
		return false;
	rest = buf_slice(&said);
	while (slice_next_line(&rest, &line)) {
		for (int i = 0; i < LOCAL_COLUMN; i++)
			slice_next_word(&line, &local);
		if (slice_next_word(&line, &word) &&
			is_in_the_way(local, address) && add_user(line, holder))
			return true;
	}
	return false;
}

int net_port_free(struct in_addr address, unsigned port, struct buf *holder)
{
	int r = bind_there(address, port);

	if (r == -EADDRINUSE && !find_holder(address, port, holder))
		buf_add_str(holder, "a process that does not show itself");
	return r;
}
