/* Questions to name servers, within bounded time. */
#include "cmdeploy/dns/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"

enum {
	LENGTH_BYTES = 2, /* in front of a message over TCP */
};

/* What is sent. */
struct exchange {
	const ldns_pkt *question;
	struct slice bytes; /* owned */
};

/* 0 once one of the descriptors is ready; -ETIMEDOUT. */
static int wait_for(struct pollfd *fds, size_t n, uint64_t until)
{
	for (;;) {
		uint64_t now = clock_msec();
		if (now >= until)
			return -ETIMEDOUT;
		int n_ready = poll(fds, n, (int)(until - now));
		if (n_ready > 0)
			return 0;
		if (n_ready < 0 && errno != EINTR)
			return -errno;
	}
}

static int prepare(ldns_pkt *question, struct exchange *x)
{
	uint8_t *bytes;
	size_t len;

	ldns_pkt_set_random_id(question);
	if (ldns_pkt2wire(&bytes, question, &len) != LDNS_STATUS_OK)
		return -EINVAL;
	*x = (struct exchange){
		.question = question,
		.bytes = slice_make(bytes, len),
	};
	return 0;
}

/* 1 they are the answer; 0 something else. */
static int take_answer(
	struct slice bytes, const struct exchange *x, ldns_pkt **ret)
{
	ldns_pkt *m;

	if (dns_message_parse(bytes, &m) < 0)
		return 0;
	if (dns_message_answers(m, x->question)) {
		*ret = m;
		return 1;
	}
	ldns_pkt_free(m);
	return 0;
}

static int take_datagram(int fd, const struct exchange *x, ldns_pkt **ret)
{
	char bytes[DNS_MESSAGE_MAX_BYTES];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return take_answer(slice_make(bytes, (size_t)n), x, ret);
}

/* A connected one: it takes datagrams of that server only. */
static int open_socket(const struct addr *server, int type, int *ret_fd)
{
	static const struct timeval wait = { ASK_TCP_MSEC / 1000, 0 };
	AUTO_CLOSE int fd =
		socket(server->sa.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) <
			0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) <
			0 ||
		connect(fd, &server->sa, server->len) < 0)
		return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Of those that something came from: whose answer it is. Closes the failed. */
static int take_first(struct pollfd *fds, size_t n, const struct exchange *x,
	int *io_error, ldns_pkt **ret)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i].fd < 0 || !fds[i].revents)
			continue;
		int r = take_datagram(fds[i].fd, x, ret);
		if (r == 1)
			return (int)i;
		if (r == 0)
			continue;
		*io_error = r;
		fd_close(&fds[i].fd);
	}
	return -1;
}

static bool is_any_open(const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].fd >= 0)
			return true;
	return false;
}

/* Which server answers first; when none does, why the last one did not. */
static int ask_udp(const struct addr *const *servers, size_t n, uint64_t msec,
	struct exchange *x, ldns_pkt **ret)
{
	struct pollfd fds[ASK_RACE_MAX];
	uint64_t until = clock_msec() + msec;
	int error = 0, first = -1;

	for (size_t i = 0; i < n; i++) {
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		int r = open_socket(servers[i], SOCK_DGRAM, &fds[i].fd);
		if (r == 0)
			r = fd_write_all(fds[i].fd, x->bytes);
		if (r < 0) {
			error = r;
			fd_close(&fds[i].fd);
		}
	}
	while (first < 0 && is_any_open(fds, n)) {
		error = wait_for(fds, n, until);
		if (error < 0)
			break;
		first = take_first(fds, n, x, &error, ret);
	}
	for (size_t i = 0; i < n; i++)
		fd_close(&fds[i].fd);
	return first >= 0 ? first : error;
}

/* So many bytes, within the time that the socket has for them. */
static int read_exactly(int fd, void *to, size_t len)
{
	ssize_t n = recv(fd, to, len, MSG_WAITALL);

	if (n == (ssize_t)len)
		return 0;
	if (n < 0 && errno != EAGAIN)
		return -errno;
	return n == 0 ? -ECONNRESET : -ETIMEDOUT;
}

static int ask_tcp(
	const struct addr *server, struct exchange *x, ldns_pkt **ret)
{
	AUTO_FREE uint8_t *bytes =
		xmalloc(LENGTH_BYTES + DNS_MESSAGE_MAX_BYTES);
	AUTO_CLOSE int fd = -1;
	int r = open_socket(server, SOCK_STREAM, &fd);

	ldns_write_uint16(bytes, (uint16_t)x->bytes.len);
	memcpy(bytes + LENGTH_BYTES, x->bytes.ptr, x->bytes.len);
	if (r == 0)
		r = fd_write_all(
			fd, slice_make(bytes, LENGTH_BYTES + x->bytes.len));
	if (r == 0)
		r = read_exactly(fd, bytes, LENGTH_BYTES);
	size_t len = r == 0 ? ldns_read_uint16(bytes) : 0;
	if (r == 0)
		r = read_exactly(fd, bytes, len);
	if (r < 0)
		return r;
	if (take_answer(slice_make(bytes, len), x, ret) == 0)
		return -EBADMSG;
	if (!ldns_pkt_tc(*ret))
		return 0;
	ldns_pkt_free(*ret);
	return -EBADMSG;
}

static int ask_once(
	const struct addr *server, ldns_pkt *question, ldns_pkt **ret)
{
	struct exchange x;
	int r = prepare(question, &x);

	if (r < 0)
		return r;
	r = -ETIMEDOUT;
	for (int i = 0; r == -ETIMEDOUT && i < ASK_UDP_TRIES; i++)
		r = ask_udp(&server, 1, ASK_UDP_MSEC, &x, ret);
	if (r == 0 && ldns_pkt_tc(*ret)) {
		ldns_pkt_free(*ret);
		r = ask_tcp(server, &x, ret);
	}
	free((char *)x.bytes.ptr);
	return r;
}

/* Servers from before EDNS call it a format error. */
int dns_ask(
	const struct addr *server, ldns_pkt *question, ldns_pkt **ret_message)
{
	ldns_pkt_set_edns_udp_size(question, ASK_UDP_MAX_BYTES);
	int r = ask_once(server, question, ret_message);
	if (r < 0 || ldns_pkt_get_rcode(*ret_message) != LDNS_RCODE_FORMERR)
		return r;
	ldns_pkt_free(*ret_message);
	ldns_pkt_set_edns_udp_size(question, 0);
	return ask_once(server, question, ret_message);
}

int dns_race(const struct addr *const *servers, size_t n, ldns_pkt *question,
	uint64_t msec)
{
	ldns_pkt *m;
	struct exchange x;

	ldns_pkt_set_edns_udp_size(question, ASK_UDP_MAX_BYTES);
	int r = prepare(question, &x);
	if (r < 0)
		return r;
	n = n > ASK_RACE_MAX ? ASK_RACE_MAX : n;
	r = ask_udp(servers, n, msec, &x, &m);
	if (r >= 0)
		ldns_pkt_free(m);
	free((char *)x.bytes.ptr);
	return r;
}
