#include "cmdeploy/relay/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/file.h"
#include "lib/num.h"

enum {
	PROBE_MSEC = 500,
	ANSWER_MAX_BYTES = 512,
	PORT_MAX = 65535,
};

static int fill_in(
	const struct relay *relay, struct relay_port *port, struct buf *why)
{
	AUTO_FREE char *address = NULL, *number = NULL;
	uint64_t value;
	int r = apply_text(&relay->apply, port->decl->address, &address, why);

	if (r < 0)
		return r;
	if (!port->decl->port) {
		port->text = TAKE(address);
		return addr_parse(port->text, &port->addr, why);
	}
	r = apply_text(&relay->apply, port->decl->port, &number, why);
	if (r < 0)
		return r;
	if (num_parse_max(slice_of(number), PORT_MAX, &value) < 0)
		return because(
			why, -EINVAL, "port \"%s\" is not a number", number);
	port->number = (unsigned)value;
	port->text = xasprintf("%s:%u", address, port->number);
	inet_pton(AF_INET, address, &port->host);
	return addr_parse(port->text, &port->addr, why);
}

static int add_service(const struct relay *relay, const struct service *service,
	struct relay_ports *ports, struct buf *why)
{
	const struct port *decl = service->ports;

	for (; decl && decl->address; decl++) {
		if (!apply_counts(&relay->apply, decl->when))
			continue;
		ports->v = xreallocarray(
			ports->v, ports->n + 1, sizeof(*ports->v));
		struct relay_port *port = &ports->v[ports->n++];
		*port = (struct relay_port){
			.decl = decl,
			.service = service,
		};
		int r = fill_in(relay, port, why);
		if (r < 0)
			return r;
	}
	return 0;
}

int relay_ports_list(const struct relay *relay, struct relay_ports *ret_ports,
	struct buf *why)
{
	struct relay_ports ports = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && relay->apply.components[i]; i++) {
		const struct service *s = relay->apply.components[i]->services;
		for (; r == 0 && s && s->name; s++)
			if (apply_counts(&relay->apply, s->when) &&
				!(relay->is_without_mail && s->is_mail))
				r = add_service(relay, s, &ports, why);
	}
	if (r < 0) {
		relay_ports_release(&ports);
		return r;
	}
	*ret_ports = ports;
	return 0;
}

void relay_ports_release(struct relay_ports *ports)
{
	if (!ports)
		return;
	for (size_t i = 0; i < ports->n; i++)
		free(ports->v[i].text);
	free(ports->v);
	*ports = (struct relay_ports){ 0 };
}

/*
 * The smallest TLS 1.3 hello (RFC 8446, 4.1.2): it offers a group but no
 * key share, so the server answers with HelloRetryRequest. That is enough
 * to know that it speaks TLS and has a certificate.
 */
/* clang-format off */
static const unsigned char tls_hello[] = {
	0x16, 0x03, 0x01, 0x00, 0x50, /* record: handshake, 80 bytes */
	0x01, 0x00, 0x00, 0x4c,       /* client hello, 76 bytes */
	0x03, 0x03,                   /* legacy version */
	'c', 'm', 'd', 'e', 'p', 'l', 'o', 'y', ' ', 'l', 'o', 'o', 'k', 's',
	' ', 'w', 'h', 'e', 't', 'h', 'e', 'r', ' ', 'i', 't', ' ', 'i', 's',
	' ', 'u', 'p', '.',           /* random, 32 bytes */
	0x00,                         /* no session id */
	0x00, 0x02, 0x13, 0x01,       /* AES-128-GCM */
	0x01, 0x00,                   /* no compression */
	0x00, 0x21,                   /* extensions: 33 bytes */
	0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04, /* TLS 1.3 */
	/* groups: x25519, P-256 */
	0x00, 0x0a, 0x00, 0x06, 0x00, 0x04, 0x00, 0x1d, 0x00, 0x17,
	/* signatures: ECDSA with P-256, RSA-PSS */
	0x00, 0x0d, 0x00, 0x06, 0x00, 0x04, 0x04, 0x03, 0x08, 0x04,
	0x00, 0x33, 0x00, 0x02, 0x00, 0x00, /* no key share */
};
/* clang-format on */

struct dialogue {
	struct slice say;  /* at once */
	const char *wants; /* how the answer begins */
	size_t wants_len;
	struct slice bye;
};

static const struct dialogue dialogues[] = {
	[PROBE_SMTP] = { .wants = "220 ",
		.wants_len = 4,
		.bye = { "QUIT\r\n", 6 } },
	[PROBE_IMAP] = { .wants = "* OK",
		.wants_len = 4,
		.bye = { "a LOGOUT\r\n", 10 } },
	[PROBE_TLS] = { .say = { (const char *)tls_hello, sizeof(tls_hello) },
		.wants = "\x16\x03",
		.wants_len = 2 },
	[PROBE_HTTP] = { .say = { "GET / HTTP/1.0\r\n\r\n", 18 },
		.wants = "HTTP/1.1 ",
		.wants_len = 9 },
};

static int wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n = poll(&p, 1, PROBE_MSEC);

	return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno;
}

static int wait_connected(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int r = wait_for(fd, POLLOUT);

	if (r < 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

/* Reads until there is enough to compare. */
static int read_answer(int fd, char *answer, size_t len)
{
	size_t got = 0;

	while (got < len) {
		int r = wait_for(fd, POLLIN);
		if (r < 0)
			return r;
		ssize_t n = read(fd, answer + got, len - got);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0)
			return -errno;
		got += (size_t)n;
	}
	return 0;
}

int relay_port_probe(const struct relay_port *port)
{
	if (port->decl->probe == PROBE_NONE)
		return 0;
	const struct dialogue *d = &dialogues[port->decl->probe];
	char answer[ANSWER_MAX_BYTES];
	AUTO_CLOSE int fd = -1;
	int r = 0;

	if (port->decl->probe == PROBE_NONE)
		return 0;
	r = addr_connect(&port->addr, &fd);
	if (r == 0)
		r = wait_connected(fd);
	if (r == 0)
		r = fd_write_all(fd, d->say);
	if (r == 0)
		r = read_answer(fd, answer, d->wants_len);
	if (r < 0)
		return r;
	if (d->wants_len > 0 && memcmp(answer, d->wants, d->wants_len) != 0)
		return -EPROTO;
	/* Leave politely; whether that arrives does not matter. */
	int ignored = fd_write_all(fd, d->bye);
	(void)ignored;
	return 0;
}
