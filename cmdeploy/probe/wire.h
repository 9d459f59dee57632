/*
 * wire.h - a connection to a server, as a client of IMAP and SMTP has it:
 * bytes out, lines in, plain or by TLS, which may begin in mid-connection.
 *
 * Blocking, and nothing waits longer than the seconds it was opened with.
 * Functions return 0 or a negative errno with a reason: -ETIMEDOUT,
 * -ECONNREFUSED, -ECONNRESET when the server hung up, -EPROTO for a TLS
 * handshake that failed.
 */
#ifndef CMDEPLOY_PROBE_WIRE_H
#define CMDEPLOY_PROBE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

enum {
	WIRE_SEC = 30, /* to wait for an answer, when nothing else was told */
	WIRE_SEC_MAX = 600,
	WIRE_CONNECT_SEC = 8,
	WIRE_LINE_MAX_BYTES = 1 << 20,
};

struct wire {
	int fd;
	int sec;            /* to wait for an answer */
	struct ssl_st *ssl; /* NULL: plain */
	struct buf in;
	size_t taken; /* of `in`, by the line that was handed out last */
};

#define AUTO_WIRE __attribute__((cleanup(wire_close)))
#define WIRE_NONE ((struct wire){ .fd = -1 })

struct wire_tls {
	const char *name; /* whom the client asks for; an address: nobody */
	const char *alpn; /* the protocol that it offers; NULL: none */
	int newest;       /* TLS1_1_VERSION ...; 0: what both sides can */
};

/* `address` is numeric, IPv4 or IPv6. */
int wire_open(struct wire *w, const char *address, unsigned port, int sec,
	struct buf *why) MUST_CHECK;
/* The client's side of TLS on a socket, for who does the handshake itself. */
struct ssl_st *wire_tls_new(int fd, const struct wire_tls *tls);
/* From here on by TLS; any certificate will do (wire_certificate() judges). */
int wire_start_tls(
	struct wire *w, const struct wire_tls *tls, struct buf *why) MUST_CHECK;
/* Accepts WIRE_NONE. */
void wire_close(struct wire *w);

struct wire_certificate {
	int64_t left_sec;   /* until it expires; negative: it has expired */
	bool is_for_name;   /* of the name or address that was asked for */
	const char *broken; /* what is wrong with its chain; NULL: nothing */
};

/* What the server showed, judged by the authorities of this machine. */
int wire_certificate(struct wire *w, const char *name,
	struct wire_certificate *ret_certificate, struct buf *why) MUST_CHECK;

int wire_send(struct wire *w, struct slice bytes, struct buf *why) MUST_CHECK;
/*
 * The next line without its CRLF, valid until the next call: 1. 0 when none
 * came in `msec`; negative when the connection broke.
 */
int wire_line(struct wire *w, int msec, struct slice *ret_line) MUST_CHECK;
/* The same; that none came is -ETIMEDOUT. */
int wire_expect_line(
	struct wire *w, struct slice *ret_line, struct buf *why) MUST_CHECK;

#endif
