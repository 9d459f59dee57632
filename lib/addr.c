/* addr.c - addresses of sockets: read from text, listened on, connected to. */
#include "lib/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/num.h"

static int parse_unix(struct slice path, struct addr *ret, struct buf *why)
{
	*ret = (struct addr){ .len = sizeof(ret->un) };
	if (path.len == 0 || path.len >= sizeof(ret->un.sun_path))
		return because(why, -ENAMETOOLONG,
			"unix:%.*s: a socket path has 1 to %zu bytes; "
			"choose a shorter folder",
			SLICE_FMT(path), sizeof(ret->un.sun_path) - 1);
	ret->un.sun_family = AF_UNIX;
	memcpy(ret->un.sun_path, path.ptr, path.len);
	return 0;
}

static int parse_host(struct slice host, uint16_t port, struct addr *ret)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)&ret->storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->storage;
	char text[INET6_ADDRSTRLEN] = "";

	*ret = (struct addr){ .len = sizeof(*in4) };
	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_head(slice_from(host, 1), host.len - 2);
	if (host.len >= sizeof(text))
		return -EINVAL;
	memcpy(text, host.ptr, host.len);
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		return 0;
	}
	ret->len = sizeof(*in6);
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return 0;
	}
	return -EINVAL;
}

int addr_parse(const char *text, struct addr *ret_addr, struct buf *why)
{
	struct slice all = slice_of(text), host, port_text;
	struct addr addr;
	uint64_t port;

	if (slice_starts(all, SLICE("unix:"))) {
		int r = parse_unix(slice_from(all, 5), &addr, why);
		if (r == 0)
			*ret_addr = addr;
		return r;
	}
	if (!slice_cut_last(all, ':', &host, &port_text) ||
		num_parse_max(port_text, UINT16_MAX, &port) < 0 ||
		parse_host(host, (uint16_t)port, &addr) < 0)
		return because(why, -EINVAL,
			"%s: neither a numeric HOST:PORT nor unix:/path", text);
	*ret_addr = addr;
	return 0;
}

/* A socket file that nobody listens on any more goes away. */
static int clear_dead_socket(const struct addr *addr)
{
	struct stat st;
	const char *path = addr->un.sun_path;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &addr->sa, addr->len) == 0)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(path) < 0 ? -errno : 0;
}

static int bind_and_listen(int fd, const struct addr *addr, int backlog)
{
	bool is_unix = addr->sa.sa_family == AF_UNIX;
	int on = 1;

	if (is_unix) {
		int r = clear_dead_socket(addr);
		if (r < 0)
			return r;
	} else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) <
		0) {
		return -errno;
	}
	if (bind(fd, &addr->sa, addr->len) < 0)
		return -errno;
	if (is_unix && chmod(addr->un.sun_path, 0666) < 0)
		return -errno;
	return listen(fd, backlog) < 0 ? -errno : 0;
}

static int open_socket(const struct addr *addr)
{
	int fd = socket(addr->sa.sa_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

int addr_listen(
	const struct addr *addr, int backlog, int *ret_fd, struct buf *why)
{
	AUTO_CLOSE int fd = open_socket(addr);
	int r = fd < 0 ? fd : bind_and_listen(fd, addr, backlog);

	if (r < 0)
		return because(why, r, "cannot listen: %s", strerror(-r));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int addr_connect(const struct addr *addr, int *ret_fd)
{
	AUTO_CLOSE int fd = open_socket(addr);
	int on = 1;

	if (fd < 0)
		return fd;
	if (addr->sa.sa_family != AF_UNIX &&
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return -errno;
	if (connect(fd, &addr->sa, addr->len) < 0 && errno != EINPROGRESS)
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}
