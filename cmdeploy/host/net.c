#include "cmdeploy/host/net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/file.h"
#include "lib/num.h"

enum {
	PROC_FILE_MAX_BYTES = 16 << 20,
	COMM_MAX_BYTES = 64,
	TCP_LISTEN = 0x0a,
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

/*
 * The inode of the socket that listens on the port, at this address or
 * at all of them (0.0.0.0: at any), from /proc/net/tcp or tcp6; 0: none.
 */
static unsigned long find_listener(
	const char *path, struct in_addr address, unsigned port)
{
	AUTO_BUF struct buf text = BUF_INIT(PROC_FILE_MAX_BYTES);
	struct slice rest, line;

	if (file_read(path, &text, NULL) < 0)
		return 0;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *row = slice_dup(line);
		char host[33];
		unsigned at, state;
		unsigned long inode;
		if (sscanf(row,
			    " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x "
			    "%*x:%*x %*x %*u %*u %lu",
			    host, &at, &state, &inode) != 4)
			continue;
		char want[9];
		snprintf(want, sizeof(want), "%08X", address.s_addr);
		bool is_any = address.s_addr == INADDR_ANY ||
			strspn(host, "0") == strlen(host);
		if (at == port && state == TCP_LISTEN &&
			(is_any || strcmp(host, want) == 0))
			return inode;
	}
	return 0;
}

static bool holds_inode(const char *pid, unsigned long inode)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/fd", pid);
	AUTO_FREE char *want = xasprintf("socket:[%lu]", inode);
	DIR *dir = opendir(path);
	bool is_found = false;
	const struct dirent *entry;

	if (!dir)
		return false;
	while (!is_found && (entry = readdir(dir))) {
		char link[64];
		ssize_t n = readlinkat(
			dirfd(dir), entry->d_name, link, sizeof(link));
		is_found = n > 0 &&
			slice_eq_str(slice_make(link, (size_t)n), want);
	}
	closedir(dir);
	return is_found;
}

static void describe_process(const char *pid, struct buf *out)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/comm", pid);
	AUTO_BUF struct buf comm = BUF_INIT(COMM_MAX_BYTES);

	if (file_read(path, &comm, NULL) < 0)
		buf_add_str(&comm, "a process");
	struct slice name = slice_trim(buf_slice(&comm));
	buf_addf(out, "%.*s (pid %s)", SLICE_FMT(name), pid);
}

static bool find_process(unsigned long inode, struct buf *out)
{
	DIR *dir = opendir("/proc");
	bool is_found = false;
	const struct dirent *entry;

	if (!dir)
		return false;
	while (!is_found && (entry = readdir(dir))) {
		if (!ascii_is_digit(entry->d_name[0]) ||
			!holds_inode(entry->d_name, inode))
			continue;
		describe_process(entry->d_name, out);
		is_found = true;
	}
	closedir(dir);
	return is_found;
}

int net_port_free(struct in_addr address, unsigned port, struct buf *holder)
{
	int r = bind_there(address, port);

	if (r != -EADDRINUSE)
		return r;
	unsigned long inode = find_listener("/proc/net/tcp", address, port);
	if (!inode)
		inode = find_listener("/proc/net/tcp6", address, port);
	if (!inode || !find_process(inode, holder))
		buf_add_str(holder, "a process that does not show itself");
	return r;
}
