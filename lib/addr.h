/*
 * addr.h - where a service listens or connects: "HOST:PORT" with a
 * numeric host (IPv6 in brackets), or "unix:/path".
 */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include <sys/socket.h>
#include <sys/un.h>

#include "lib/buf.h"

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	};
	socklen_t len;
};

int addr_parse(
	const char *text, struct addr *ret_addr, struct buf *why) MUST_CHECK;

/*
 * A non-blocking listening stream socket. A unix socket replaces a dead
 * one at the same path, takes mode 0666 (the folder around it decides who
 * may enter), and is refused while another process still listens on it.
 */
int addr_listen(const struct addr *addr, int backlog, int *ret_fd,
	struct buf *why) MUST_CHECK;

/*
 * Starts to connect without blocking: the socket is writable once the
 * outcome is known (SO_ERROR). Sets TCP_NODELAY.
 */
int addr_connect(const struct addr *addr, int *ret_fd) MUST_CHECK;

#endif
