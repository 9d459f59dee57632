/*
 * conn.c - one connection: what has come and was not consumed, what is to
 * leave and could not yet, and what the loop is to watch for.
 */
#include "lib/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/die.h"
#include "lib/loop.h"
#include "lib/poller.h"

enum {
	READ_BYTES = 65536,
	KEEP_CAP_BYTES = 4096,
};

struct conn {
	const struct conn_ops *ops;
	void *owner;
	sd_event *event;
	struct pollee io;
	sd_event_source *timer;
	sd_event_source *again;
	uint64_t timeout_usec;
	uint64_t linger_usec;
	uint64_t moved_at;
	struct buf in;
	struct buf out;
	size_t out_sent; /* bytes at the front of `out` already written */
	bool *is_gone;   /* set for a caller on the stack when freed */
	bool is_connecting;
	bool is_paused;
	bool is_closing;
	bool is_eof;
};

/* All connections of the one event loop read into this. */
static char scratch[READ_BYTES];

/* Around a callback, which may free the connection. */
struct guard {
	bool is_gone;
	bool *outer;
};

static void guard_begin(struct conn *c, struct guard *guard)
{
	*guard = (struct guard){ .outer = c->is_gone };
	c->is_gone = &guard->is_gone;
}

/* false when it is freed. */
static bool guard_end(struct conn *c, const struct guard *guard)
{
	if (!guard->is_gone)
		c->is_gone = guard->outer;
	else if (guard->outer)
		*guard->outer = true;
	return !guard->is_gone;
}

/* false when it is freed: only after an end of file it may live on. */
static bool conn_end(struct conn *c, int error)
{
	struct guard guard;

	if (c->is_closing) {
		conn_close(c);
		return false;
	}
	guard_begin(c, &guard);
	c->ops->on_end(c, error);
	return guard_end(c, &guard);
}

/*
 * Where nothing is to be sent and nobody asks when a connect has
 * succeeded, the first bytes of the peer tell: a wakeup less.
 */
static bool must_write(const struct conn *c)
{
	return conn_pending(c) || !buf_ok(&c->out) ||
		(c->is_connecting && c->ops->on_connected);
}

static bool may_read(const struct conn *c)
{
	return !c->is_paused && !c->is_eof && !c->is_closing;
}

static void want_events(struct conn *c)
{
	uint32_t events = 0;

	if (must_write(c))
		events |= EPOLLOUT;
	if (may_read(c))
		events |= EPOLLIN;
	pollee_set(&c->io, events);
}

static void shrink(struct buf *b)
{
	if (b->len == 0 && b->cap > KEEP_CAP_BYTES)
		buf_release(b);
}

/* Writes what can be written. 0, or the negative errno that ends c. */
static int write_with(struct conn *c, int flags)
{
	if (!buf_ok(&c->out))
		return -ENOBUFS;
	while (conn_pending(c)) {
		ssize_t n = send(c->io.fd, c->out.ptr + c->out_sent,
			conn_pending(c), flags | MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		c->out_sent += (size_t)n;
		c->moved_at = loop_usec(c->event);
	}
	buf_reset(&c->out);
	c->out_sent = 0;
	shrink(&c->out);
	return 0;
}

static int write_out(struct conn *c)
{
	return write_with(c, 0);
}

/* After any callback: sends, and settles what to wait for. */
static void settle(struct conn *c)
{
	if (!buf_ok(&c->out)) {
		conn_end(c, -ENOBUFS);
		return;
	}
	if (!c->is_connecting) {
		int r = write_out(c);
		if (r < 0) {
			conn_end(c, r);
			return;
		}
		if (c->is_closing && !conn_pending(c)) {
			conn_close(c);
			return;
		}
	}
	want_events(c);
}

/* Hands over `data`; keeps what is left. false when c is freed or over. */
static bool offer(struct conn *c, struct slice data)
{
	struct guard guard;

	guard_begin(c, &guard);
	size_t used = c->ops->on_input(c, data);
	if (!guard_end(c, &guard))
		return false;
	if (used > data.len)
		bug("on_input consumed more than there was");
	if (data.ptr == c->in.ptr)
		buf_consume(&c->in, used);
	else
		buf_add_slice(&c->in, slice_from(data, used));
	shrink(&c->in);
	if (c->in.len >= c->in.max && !c->is_paused && !c->is_closing) {
		conn_end(c, -EMSGSIZE);
		return false;
	}
	return true;
}

/* false when c is freed or over. */
static bool read_in(struct conn *c)
{
	size_t room = c->in.max - c->in.len;
	size_t want = room < READ_BYTES ? room : READ_BYTES;

	if (room == 0)
		return offer(c, buf_slice(&c->in));
	ssize_t n = recv(c->io.fd, scratch, want, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0) {
		c->is_eof = true;
		return conn_end(c, n < 0 ? -errno : 0);
	}
	c->moved_at = loop_usec(c->event);
	if (c->in.len == 0)
		return offer(c, slice_make(scratch, (size_t)n));
	buf_add(&c->in, scratch, (size_t)n);
	return offer(c, buf_slice(&c->in));
}

/* The call of a handler, which may free the connection. */
static bool survives(struct conn *c, void (*handler)(struct conn *))
{
	struct guard guard;

	if (!handler || c->is_closing)
		return true;
	guard_begin(c, &guard);
	handler(c);
	return guard_end(c, &guard);
}

static bool finish_connect(struct conn *c, bool has_failed)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (has_failed &&
		getsockopt(c->io.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		conn_end(c, -error);
		return false;
	}
	c->is_connecting = false;
	c->moved_at = loop_usec(c->event);
	return survives(c, c->ops->on_connected);
}

static bool drain_out(struct conn *c)
{
	int r = write_out(c);

	if (r < 0) {
		conn_end(c, r);
		return false;
	}
	if (conn_pending(c))
		return true;
	return survives(c, c->ops->on_drained);
}

static void on_io(struct conn *c, uint32_t revents)
{
	if (c->is_connecting) {
		if (!finish_connect(c, revents & (EPOLLERR | EPOLLHUP)))
			return;
	} else if (revents & EPOLLOUT) {
		if (!drain_out(c))
			return;
	}
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR) && !c->is_connecting &&
		may_read(c)) {
		if (!read_in(c))
			return;
	} else if (revents & (EPOLLHUP | EPOLLERR)) {
		conn_end(c, -ECONNRESET);
		return;
	}
	settle(c);
}

static void on_ready(struct pollee *p, uint32_t revents)
{
	on_io(CONTAINER_OF(p, struct conn, io), revents);
}

static int on_timer(sd_event_source *s, uint64_t usec UNUSED, void *userdata)
{
	struct conn *c = userdata;
	uint64_t due = c->moved_at + c->timeout_usec;

	if (c->timeout_usec == 0)
		return 0;
	if (due <= loop_usec(c->event)) {
		conn_end(c, -ETIMEDOUT);
		return 0;
	}
	sd_event_source_set_time(s, due);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* Bytes that waited during a pause are offered from the loop again. */
static int on_again(sd_event_source *s UNUSED, void *userdata)
{
	struct conn *c = userdata;

	if (c->is_paused || c->is_closing || c->in.len == 0)
		return 0;
	if (offer(c, buf_slice(&c->in)))
		settle(c);
	return 0;
}

int conn_new(sd_event *event, int fd, const struct conn_ops *ops,
	const struct conn_limits *limits, void *owner, struct conn **ret_conn)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	*c = (struct conn){
		.ops = ops,
		.owner = owner,
		.event = event,
		.io = { .fd = fd, .on_ready = on_ready },
		.in = BUF_INIT(limits->in_max),
		.out = BUF_INIT(limits->out_max),
		.linger_usec = limits->linger_usec ? limits->linger_usec
						   : CONN_LINGER_USEC,
	};
	int r = pollee_add(event, &c->io, EPOLLIN);
	if (r < 0) {
		conn_close(c);
		return r;
	}
	c->moved_at = loop_usec(c->event);
	*ret_conn = c;
	return 0;
}

int conn_connect(sd_event *event, const struct addr *addr,
	const struct conn_ops *ops, const struct conn_limits *limits,
	void *owner, struct conn **ret_conn)
{
	struct conn *c;
	int fd;
	int r = addr_connect(addr, &fd);

	if (r == 0)
		r = conn_new(event, fd, ops, limits, owner, &c);
	if (r < 0)
		return r;
	c->is_connecting = true;
	want_events(c);
	*ret_conn = c;
	return 0;
}

void conn_close(struct conn *c)
{
	if (!c)
		return;
	if (c->is_gone)
		*c->is_gone = true;
	pollee_remove(&c->io);
	sd_event_source_disable_unref(c->timer);
	sd_event_source_disable_unref(c->again);
	fd_close(&c->io.fd);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

static void close_after(struct conn *c, int flags)
{
	if (c->is_connecting || write_with(c, flags) < 0 || !conn_pending(c) ||
		loop_is_over(c->event)) {
		conn_close(c);
		return;
	}
	c->is_closing = true;
	conn_set_timeout(c, c->linger_usec);
	want_events(c);
}

void conn_close_when_sent(struct conn *c)
{
	close_after(c, 0);
}

void conn_close_together(struct conn *c)
{
	close_after(c, MSG_MORE);
}

void *conn_owner(const struct conn *c)
{
	return c->owner;
}

int conn_fd(const struct conn *c)
{
	return c->io.fd;
}

struct buf *conn_out(struct conn *c)
{
	return &c->out;
}

void conn_flush(struct conn *c)
{
	settle(c);
}

void conn_send(struct conn *c, struct slice data)
{
	bool is_open = !c->is_connecting && write_out(c) == 0;

	if (is_open && !conn_pending(c) && data.len > 0) {
		ssize_t n = send(c->io.fd, data.ptr, data.len,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			data = slice_from(data, (size_t)n);
			c->moved_at = loop_usec(c->event);
		}
	}
	buf_add_slice(&c->out, data);
	want_events(c);
}

size_t conn_pending(const struct conn *c)
{
	return c->out.len - c->out_sent;
}

void conn_pause(struct conn *c)
{
	c->is_paused = true;
	want_events(c);
}

void conn_resume(struct conn *c)
{
	if (!c->is_paused)
		return;
	c->is_paused = false;
	want_events(c);
	if (c->in.len == 0 || loop_is_over(c->event))
		return;
	int r = c->again
		? sd_event_source_set_enabled(c->again, SD_EVENT_ONESHOT)
		: sd_event_add_defer(c->event, &c->again, on_again, c);
	if (r < 0)
		bug("cannot defer");
}

void conn_set_timeout(struct conn *c, uint64_t usec)
{
	uint64_t due = loop_usec(c->event) + usec;
	int r = 0;

	c->timeout_usec = usec;
	c->moved_at = loop_usec(c->event);
	if (usec == 0)
		return;
	if (!c->timer) {
		r = sd_event_add_time(c->event, &c->timer, CLOCK_MONOTONIC, due,
			usec / 4, on_timer, c);
	} else {
		uint64_t old = 0;
		sd_event_source_get_time(c->timer, &old);
		if (old > due || old < loop_usec(c->event))
			r = sd_event_source_set_time(c->timer, due);
		if (r >= 0)
			r = sd_event_source_set_enabled(
				c->timer, SD_EVENT_ONESHOT);
	}
	if (r < 0)
		bug("cannot set a timer");
}
