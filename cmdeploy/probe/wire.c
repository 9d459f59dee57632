/* A client's connection: sockets, and TLS by OpenSSL (wire.h). */
#include "cmdeploy/probe/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/die.h"
#include "lib/util.h"

enum {
	READ_BYTES = 16384,
	ALPN_MAX_BYTES = 32,
	DAY_SEC = 86400,
};

static bool is_address(const char *name)
{
	struct in6_addr bytes;

	return inet_pton(AF_INET, name, &bytes) == 1 ||
		inet_pton(AF_INET6, name, &bytes) == 1;
}

/* 1 ready, 0 not within `msec`. */
static int wait_for(int fd, short events, int msec)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, msec);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* The socket blocks from here on, for `sec` at most. */
static int finish_connect(int fd, int sec)
{
	const struct timeval limit = { .tv_sec = sec };
	const int on = 1;
	int error = 0;
	socklen_t len = sizeof(error);
	int n = wait_for(fd, POLLOUT, WIRE_CONNECT_SEC * 1000);

	if (n <= 0)
		return n < 0 ? n : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error)
		return -error;
	int flags = fcntl(fd, F_GETFL);
	if (fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) <
			0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) <
			0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

int wire_open(struct wire *w, const char *address, unsigned port, int sec,
	struct buf *why)
{
	bool is_v6 = strchr(address, ':') != NULL;
	AUTO_FREE char *text = xasprintf(
		"%s%s%s:%u", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
	struct addr addr;

	*w = WIRE_NONE;
	w->sec = sec;
	w->in = BUF_INIT(WIRE_LINE_MAX_BYTES);
	int r = addr_parse(text, &addr, why);
	if (r < 0)
		return r;
	r = addr_connect(&addr, &w->fd);
	if (r == 0)
		r = finish_connect(w->fd, sec);
	if (r == 0)
		return 0;
	wire_close(w);
	return because(why, r, "%s: %s", text,
		r == -ETIMEDOUT ? "no answer" : strerror(-r));
}

/* One for all connections, as long as the process lives. */
static SSL_CTX *context;

static void make_context(void)
{
	context = SSL_CTX_new(TLS_client_method());
	if (!context || SSL_CTX_set_default_verify_paths(context) != 1)
		oom();
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	/* A session ticket alone is nothing to wait on for the rest. */
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	/* Ten thousand silent connections need no buffers. */
	SSL_CTX_set_mode(context,
		SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/* Threads may connect at the same time. */
static SSL_CTX *client_context(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_context);
	return context;
}

/* With 1.1 the client must agree to old hashes as well. */
static void set_up_tls(SSL *ssl, const struct wire_tls *tls)
{
	unsigned char protocol[ALPN_MAX_BYTES];

	if (tls->newest) {
		SSL_set_security_level(ssl, 0);
		SSL_set_min_proto_version(ssl, 0);
		SSL_set_max_proto_version(ssl, tls->newest);
	}
	if (!is_address(tls->name))
		SSL_set_tlsext_host_name(ssl, tls->name);
	if (!tls->alpn)
		return;
	size_t len = strlen(tls->alpn);
	protocol[0] = (unsigned char)len;
	memcpy(protocol + 1, tls->alpn, len);
	SSL_set_alpn_protos(ssl, protocol, (unsigned)len + 1);
}

struct ssl_st *wire_tls_new(int fd, const struct wire_tls *tls)
{
	SSL *ssl = SSL_new(client_context());

	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		oom();
	set_up_tls(ssl, tls);
	return ssl;
}

int wire_start_tls(struct wire *w, const struct wire_tls *tls, struct buf *why)
{
	w->ssl = wire_tls_new(w->fd, tls);
	/* What came before TLS is not to be taken for what comes by it. */
	buf_reset(&w->in);
	w->taken = 0;
	ERR_clear_error();
	if (SSL_connect(w->ssl) == 1)
		return 0;
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return because(why, -EPROTO, "TLS: %s",
		reason ? reason : "the server ended the connection");
}

void wire_close(struct wire *w)
{
	if (w->ssl)
		SSL_free(w->ssl);
	fd_close(&w->fd);
	buf_release(&w->in);
	*w = WIRE_NONE;
}

int wire_certificate(struct wire *w, const char *name,
	struct wire_certificate *ret_certificate, struct buf *why)
{
	X509 *shown = w->ssl ? SSL_get1_peer_certificate(w->ssl) : NULL;
	long verdict = w->ssl ? SSL_get_verify_result(w->ssl) : X509_V_OK;
	int days = 0, sec = 0;

	if (!shown)
		return because(why, -EPROTO, "the server has no certificate");
	ASN1_TIME_diff(&days, &sec, NULL, X509_get0_notAfter(shown));
	*ret_certificate = (struct wire_certificate){
		.left_sec = (int64_t)days * DAY_SEC + sec,
		.is_for_name = is_address(name)
			? X509_check_ip_asc(shown, name, 0) == 1
			: X509_check_host(shown, name, 0, 0, NULL) == 1,
		.broken = verdict == X509_V_OK
			? NULL
			: X509_verify_cert_error_string(verdict),
	};
	X509_free(shown);
	return 0;
}

static int send_some(struct wire *w, struct slice bytes, size_t *ret_n)
{
	if (w->ssl) {
		ERR_clear_error();
		return SSL_write_ex(w->ssl, bytes.ptr, bytes.len, ret_n) == 1
			? 0
			: -ECONNRESET;
	}
	ssize_t n = send(w->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	*ret_n = (size_t)n;
	return 0;
}

int wire_send(struct wire *w, struct slice bytes, struct buf *why)
{
	while (bytes.len > 0) {
		size_t n = 0;
		int r = send_some(w, bytes, &n);
		if (r < 0)
			return because(why, r, "sending: %s", strerror(-r));
		bytes = slice_from(bytes, n);
	}
	return 0;
}

/* 1: bytes may have come; the socket was found readable. */
static int read_some(struct wire *w)
{
	char *room = buf_room(&w->in, READ_BYTES);
	size_t n = 0;

	if (!room)
		return -EMSGSIZE;
	if (w->ssl) {
		ERR_clear_error();
		int done = SSL_read_ex(w->ssl, room, READ_BYTES, &n);
		if (done != 1)
			return SSL_get_error(w->ssl, done) ==
					SSL_ERROR_WANT_READ
				? 1
				: -ECONNRESET;
	} else {
		ssize_t got = recv(w->fd, room, READ_BYTES, 0);
		if (got <= 0)
			return got < 0 ? -errno : -ECONNRESET;
		n = (size_t)got;
	}
	buf_added(&w->in, n);
	return 1;
}

int wire_line(struct wire *w, int msec, struct slice *ret_line)
{
	uint64_t end = clock_msec() + (uint64_t)msec;
	struct slice rest;

	buf_consume(&w->in, w->taken);
	w->taken = 0;
	while (!slice_cut(buf_slice(&w->in), '\n', ret_line, &rest)) {
		uint64_t now = clock_msec();
		int left = now < end ? (int)(end - now) : 0;
		int r = w->ssl && SSL_pending(w->ssl) > 0
			? 1
			: wait_for(w->fd, POLLIN, left);
		if (r > 0)
			r = read_some(w);
		if (r <= 0)
			return r;
	}
	w->taken = ret_line->len + 1;
	if (slice_ends(*ret_line, SLICE("\r")))
		ret_line->len--;
	return 1;
}

int wire_expect_line(struct wire *w, struct slice *ret_line, struct buf *why)
{
	int r = wire_line(w, w->sec * 1000, ret_line);

	if (r > 0)
		return 0;
	if (r == 0)
		return because(
			why, -ETIMEDOUT, "no answer within %d s", w->sec);
	return because(why, r, "%s",
		r == -ECONNRESET ? "the server ended the connection"
				 : strerror(-r));
}
