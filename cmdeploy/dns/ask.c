#include "cmdeploy/dns/ask.h"

#include <errno.h>
#include <poll.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/random.h"

enum {
	LENGTH_BYTES = 2, /* in front of a message over TCP */
};

/* What is sent, and until when the answer has to be there. */
struct exchange {
	const struct dns_question *question;
	uint16_t id;
	struct buf bytes;
	uint64_t until;
};

/* 0 once the descriptor is ready; -ETIMEDOUT. */
static int wait_for(int fd, short events, uint64_t until)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		uint64_t now = clock_msec();
		if (now >= until)
			return -ETIMEDOUT;
		int n = poll(&p, 1, (int)(until - now));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int prepare(const struct dns_question *question, struct exchange *x)
{
	*x = (struct exchange){
		.question = question,
		.bytes = BUF_INIT(DNS_MESSAGE_MAX_BYTES),
	};
	random_fill(&x->id, sizeof(x->id));
	return dns_question_write(question, x->id, &x->bytes);
}

/* 1 it was the answer; 0 there is none, or something else. */
static int take_datagram(
	int fd, const struct exchange *x, struct dns_message *ret)
{
	char bytes[DNS_MESSAGE_MAX_BYTES];
	struct dns_message m;
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (dns_message_parse(slice_make(bytes, (size_t)n), &m) < 0)
		return 0;
	if (dns_message_answers(&m, x->question, x->id)) {
		*ret = m;
		return 1;
	}
	dns_message_release(&m);
	return 0;
}

static int receive(int fd, const struct exchange *x, struct dns_message *ret)
{
	for (;;) {
		int r = wait_for(fd, POLLIN, x->until);
		if (r == 0)
			r = take_datagram(fd, x, ret);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

/* A connected socket takes datagrams of that server only. */
static int ask_udp(
	const struct addr *server, struct exchange *x, struct dns_message *ret)
{
	AUTO_CLOSE int fd =
		socket(server->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = -ETIMEDOUT;

	if (fd < 0 || connect(fd, &server->sa, server->len) < 0)
		return -errno;
	for (int i = 0; r == -ETIMEDOUT && i < ASK_UDP_TRIES; i++) {
		if (send(fd, x->bytes.ptr, x->bytes.len, 0) < 0)
			return -errno;
		x->until = clock_msec() + ASK_UDP_MSEC;
		r = receive(fd, x, ret);
	}
	return r;
}

static int connect_tcp(const struct addr *server, uint64_t until, int *ret_fd)
{
	AUTO_CLOSE int fd = -1;
	int error = 0;
	socklen_t len = sizeof(error);
	int r = addr_connect(server, &fd);

	if (r == 0)
		r = wait_for(fd, POLLOUT, until);
	if (r < 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error)
		return -error;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int read_exactly(int fd, size_t len, struct buf *out, uint64_t until)
{
	while (len > 0) {
		int r = wait_for(fd, POLLIN, until);
		if (r < 0)
			return r;
		char *room = buf_room(out, len);
		if (!room)
			return -EBADMSG;
		ssize_t n = recv(fd, room, len, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			buf_added(out, (size_t)n);
			len -= (size_t)n;
		}
	}
	return 0;
}

static int read_message(int fd, struct buf *out, uint64_t until)
{
	int r = read_exactly(fd, LENGTH_BYTES, out, until);

	if (r < 0)
		return r;
	size_t len = (size_t)(unsigned char)out->ptr[0] << 8 |
		(unsigned char)out->ptr[1];
	buf_reset(out);
	return read_exactly(fd, len, out, until);
}

static int ask_tcp(
	const struct addr *server, struct exchange *x, struct dns_message *ret)
{
	AUTO_BUF struct buf bytes = BUF_INIT(DNS_MESSAGE_MAX_BYTES);
	AUTO_CLOSE int fd = -1;
	struct dns_message m;
	int r;

	x->until = clock_msec() + ASK_TCP_MSEC;
	buf_add_char(&bytes, (char)(x->bytes.len >> 8));
	buf_add_char(&bytes, (char)x->bytes.len);
	buf_add_slice(&bytes, buf_slice(&x->bytes));
	r = connect_tcp(server, x->until, &fd);
	if (r == 0)
		r = fd_write_all(fd, buf_slice(&bytes));
	buf_reset(&bytes);
	if (r == 0)
		r = read_message(fd, &bytes, x->until);
	if (r == 0)
		r = dns_message_parse(buf_slice(&bytes), &m);
	if (r < 0)
		return r;
	if (m.is_truncated || !dns_message_answers(&m, x->question, x->id)) {
		dns_message_release(&m);
		return -EBADMSG;
	}
	*ret = m;
	return 0;
}

static int ask_once(const struct addr *server,
	const struct dns_question *question, struct dns_message *ret)
{
	struct exchange x;
	int r = prepare(question, &x);

	if (r == 0)
		r = ask_udp(server, &x, ret);
	if (r == 0 && ret->is_truncated) {
		dns_message_release(ret);
		r = ask_tcp(server, &x, ret);
	}
	buf_release(&x.bytes);
	return r;
}

/* Servers from before EDNS call it a format error. */
int dns_ask(const struct addr *server, const struct dns_question *question,
	struct dns_message *ret_message)
{
	struct dns_question q = *question;

	q.has_edns = true;
	int r = ask_once(server, &q, ret_message);
	if (r < 0 || ret_message->rcode != DNS_RCODE_FORMAT)
		return r;
	dns_message_release(ret_message);
	q.has_edns = false;
	return ask_once(server, &q, ret_message);
}

/* -1 where nothing can be sent, as without a route. */
static int send_off(const struct addr *server, const struct exchange *x)
{
	int fd = socket(server->sa.sa_family,
		SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
		(connect(fd, &server->sa, server->len) < 0 ||
			send(fd, x->bytes.ptr, x->bytes.len, 0) < 0))
		fd_close(&fd);
	return fd;
}

/* One that answered; those that cannot are closed. -1: none so far. */
static int find_answer(struct pollfd *fds, size_t n, const struct exchange *x)
{
	for (size_t i = 0; i < n; i++) {
		struct dns_message m;
		if (fds[i].fd < 0 || !fds[i].revents)
			continue;
		int r = take_datagram(fds[i].fd, x, &m);
		if (r < 0)
			fd_close(&fds[i].fd);
		if (r == 1) {
			dns_message_release(&m);
			return (int)i;
		}
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

static int wait_for_first(
	struct pollfd *fds, size_t n, const struct exchange *x)
{
	uint64_t now;

	while (is_any_open(fds, n) && (now = clock_msec()) < x->until) {
		if (poll(fds, n, (int)(x->until - now)) < 0 && errno != EINTR)
			return -errno;
		int first = find_answer(fds, n, x);
		if (first >= 0)
			return first;
	}
	return -ETIMEDOUT;
}

int dns_race(const struct addr *const *servers, size_t n,
	const struct dns_question *question, uint64_t msec)
{
	struct pollfd fds[ASK_RACE_MAX];
	struct exchange x;
	int r = prepare(question, &x);

	x.until = clock_msec() + msec;
	n = n > ASK_RACE_MAX ? ASK_RACE_MAX : n;
	for (size_t i = 0; i < n; i++) {
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		if (r == 0)
			fds[i].fd = send_off(servers[i], &x);
	}
	if (r == 0)
		r = wait_for_first(fds, n, &x);
	for (size_t i = 0; i < n; i++)
		fd_close(&fds[i].fd);
	buf_release(&x.bytes);
	return r;
}
