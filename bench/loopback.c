/* Free ports on loopback, and connections to them (loopback.h). */
#include "bench/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/addr.h"
#include "lib/die.h"

unsigned loopback_port(void)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(in);
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&in, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		die("127.0.0.1: no free port: %s", strerror(errno));
	return ntohs(in.sin_port);
}

int loopback_dial(const char *address)
{
	struct addr addr;
	int fd;

	if (addr_parse(address, &addr, NULL) < 0 ||
		addr_connect(&addr, &fd) < 0)
		die("%s: cannot connect", address);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		die("%s: cannot wait for it", address);
	poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
	return fd;
}
