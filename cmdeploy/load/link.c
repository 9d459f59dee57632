/* A connection that does not block, by TLS (link.h). */
#include "cmdeploy/load/link.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "cmdeploy/probe/wire.h"
#include "lib/addr.h"
#include "lib/clock.h"

enum {
	EVENTS = 256,
	READ_BYTES = 16384,
	SPARE_FDS = 64,
};

int link_epoll(size_t n_links, int *ret_epoll_fd, struct buf *why)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (n_links + SPARE_FDS > files.rlim_max)
		return because(why, -EMFILE,
			"%zu connections are more than this process may open "
			"(%lu); raise the limit of open files (ulimit -n), or "
			"give fewer --users",
			n_links, (unsigned long)files.rlim_max);
	int fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return because(why, -errno, "epoll: %s", strerror(errno));
	*ret_epoll_fd = fd;
	return 0;
}

static void watch(struct link *l, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = l };

	if (l->events == events)
		return;
	l->events = events;
	epoll_ctl(l->epoll_fd, operation, l->fd, &event);
}

int link_open(struct link *l, int epoll_fd, const struct probe_relay *p,
	unsigned port, struct buf *why)
{
	const char *host = p->hosts[0];
	bool is_v6 = strchr(host, ':') != NULL;
	AUTO_FREE char *text = xasprintf(
		"%s%s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
	struct addr addr;
	int r = addr_parse(text, &addr, why);

	if (r == 0)
		r = addr_connect(&addr, &l->fd);
	if (r < 0)
		return because(why, r, "%s: %s", text, strerror(-r));
	l->epoll_fd = epoll_fd;
	l->in = BUF_INIT(LINK_IN_MAX_BYTES);
	l->out = BUF_INIT(LINK_OUT_MAX_BYTES);
	l->is_up = false;
	l->events = 0;
	l->since_usec = clock_usec();
	l->ssl = wire_tls_new(
		l->fd, &(struct wire_tls){ .name = p->config.mail_domain });
	SSL_set_connect_state(l->ssl);
	watch(l, EPOLL_CTL_ADD, EPOLLOUT);
	return 0;
}

void link_close(struct link *l)
{
	if (l->fd < 0)
		return;
	SSL_free(l->ssl);
	l->ssl = NULL;
	fd_close(&l->fd);
	buf_release(&l->in);
	buf_release(&l->out);
	l->since_usec = 0;
}

static void end(struct link *l, const char *why)
{
	if (l->fd < 0)
		return;
	l->on_end(l, why);
	link_close(l);
}

/* What a call of OpenSSL that did not succeed waits for; false: it failed. */
static bool wants_more(struct link *l, int done)
{
	int error = SSL_get_error(l->ssl, done);

	if (error == SSL_ERROR_WANT_WRITE)
		watch(l, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	else if (error == SSL_ERROR_WANT_READ)
		watch(l, EPOLL_CTL_MOD,
			l->out.len > 0 && l->is_up ? EPOLLIN | EPOLLOUT
						   : EPOLLIN);
	else
		return false;
	return true;
}

void link_push(struct link *l)
{
	while (l->is_up && l->out.len > 0) {
		size_t n = 0;
		ERR_clear_error();
		int done = SSL_write_ex(l->ssl, l->out.ptr, l->out.len, &n);
		if (done == 1) {
			buf_consume(&l->out, n);
			continue;
		}
		if (!wants_more(l, done))
			end(l, "the relay ended the connection");
		return;
	}
	if (l->fd >= 0 && l->is_up) {
		buf_release(&l->out);
		watch(l, EPOLL_CTL_MOD, EPOLLIN);
	}
}

static void hand_over(struct link *l)
{
	size_t n = l->on_input(l, buf_slice(&l->in));

	if (l->fd < 0)
		return;
	buf_consume(&l->in, n);
}

static void pull(struct link *l)
{
	while (l->fd >= 0) {
		char *room = buf_room(&l->in, READ_BYTES);
		size_t n = 0;
		if (!room) {
			end(l, "the relay sent a line that is too long");
			return;
		}
		ERR_clear_error();
		int done = SSL_read_ex(l->ssl, room, READ_BYTES, &n);
		if (done != 1) {
			if (!wants_more(l, done))
				end(l, "the relay ended the connection");
			break;
		}
		buf_added(&l->in, n);
		hand_over(l);
	}
	if (l->in.len == 0)
		buf_release(&l->in);
}

static void shake(struct link *l)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		end(l, strerror(error));
		return;
	}
	ERR_clear_error();
	int done = SSL_connect(l->ssl);
	if (done != 1) {
		if (!wants_more(l, done))
			end(l, "the TLS handshake failed");
		return;
	}
	l->is_up = true;
	link_push(l);
}

static void serve(struct link *l)
{
	if (l->fd >= 0 && !l->is_up)
		shake(l);
	else
		link_push(l);
	if (l->fd >= 0 && l->is_up)
		pull(l);
}

void link_turn(int epoll_fd, int msec)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll_fd, events, EVENTS, msec);

	for (int i = 0; i < n; i++)
		serve(events[i].data.ptr);
}
