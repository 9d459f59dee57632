/*
 * smtp-sink ADDRESS: takes every message and throws it away, as fast as
 * one core can.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "lib/addr.h"
#include "lib/die.h"
#include "lib/slice.h"

enum {
	EVENTS = 256,
	LINE_BYTES = 2048,
	READ_BYTES = 131072,
	END_BYTES = 5,
	TAIL_BYTES = END_BYTES - 1,
};

static const char end_of_message[] = "\r\n.\r\n";

struct session {
	int fd;
	bool is_message;
	bool is_over;
	size_t n_tail;
	size_t len;
	char tail[TAIL_BYTES]; /* the last bytes of the message so far */
	char line[LINE_BYTES]; /* a command that is not whole yet */
};

static int epoll_fd;
static char scratch[READ_BYTES];

static const struct {
	const char *verb, *reply;
} replies[] = {
	{ "EHLO",
		"250-sink\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n"
		"250-8BITMIME\r\n250-SMTPUTF8\r\n"
		"250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n" },
	{ "DATA", "354 go\r\n" },
	{ "QUIT", "221 bye\r\n" },
};

static const char *reply_to(struct slice line)
{
	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		if (slice_starts_nocase(line, slice_of(replies[i].verb)))
			return replies[i].reply;
	return "250 ok\r\n";
}

/* Keeps the last bytes, in which an end that is cut may begin. */
static void keep_tail(struct session *s, struct slice in)
{
	size_t n = in.len < TAIL_BYTES ? in.len : TAIL_BYTES;

	s->n_tail = n;
	memcpy(s->tail, in.ptr + in.len - n, n);
}

/* How many bytes of `in` end the message that the tail began; or 0. */
static size_t find_cut_end(struct session *s, struct slice in)
{
	char window[2 * TAIL_BYTES];
	size_t n = in.len < TAIL_BYTES ? in.len : TAIL_BYTES;

	memcpy(window, s->tail, s->n_tail);
	memcpy(window + s->n_tail, in.ptr, n);
	const char *end =
		memmem(window, s->n_tail + n, end_of_message, END_BYTES);
	if (end)
		return (size_t)(end - window) + END_BYTES - s->n_tail;
	keep_tail(s, slice_make(window, s->n_tail + n));
	return 0;
}

static struct slice take_message(
	struct session *s, struct slice in, struct buf *out)
{
	size_t used = find_cut_end(s, in);

	if (used == 0) {
		const char *end =
			memmem(in.ptr, in.len, end_of_message, END_BYTES);
		if (end)
			used = (size_t)(end - in.ptr) + END_BYTES;
	}
	if (used > 0) {
		s->is_message = false;
		buf_add_str(out, "250 2.0.0 Ok: thrown away\r\n");
		return slice_from(in, used);
	}
	if (in.len >= TAIL_BYTES)
		keep_tail(s, in);
	return SLICE_NONE;
}

static void on_command(struct session *s, struct slice line, struct buf *out)
{
	buf_add_str(out, reply_to(line));
	if (slice_starts_nocase(line, SLICE("DATA"))) {
		s->is_message = true;
		keep_tail(s, SLICE("\r\n"));
	}
	s->is_over = slice_starts_nocase(line, SLICE("QUIT"));
}

static struct slice take_command(
	struct session *s, struct slice in, struct buf *out)
{
	const char *lf = memchr(in.ptr, '\n', in.len);
	size_t n = lf ? (size_t)(lf - in.ptr) + 1 : in.len;

	if (s->len + n > LINE_BYTES) {
		s->is_over = true;
		return SLICE_NONE;
	}
	memcpy(s->line + s->len, in.ptr, n);
	s->len += n;
	if (lf) {
		on_command(s, slice_make(s->line, s->len), out);
		s->len = 0;
	}
	return slice_from(in, n);
}

static void finish(struct session *s)
{
	fd_close(&s->fd);
	free(s);
}

static void on_readable(struct session *s)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	ssize_t n = recv(s->fd, scratch, sizeof(scratch), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	struct slice in = slice_make(scratch, n > 0 ? (size_t)n : 0);
	while (in.len > 0 && !s->is_over)
		in = s->is_message ? take_message(s, in, &out)
				   : take_command(s, in, &out);
	if (out.len > 0)
		send(s->fd, out.ptr, out.len, MSG_NOSIGNAL);
	if (n <= 0 || s->is_over)
		finish(s);
}

static void watch(int fd, void *owner)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = owner };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl: %s", strerror(errno));
}

static void on_accept(int listener)
{
	static const char banner[] = "220 sink\r\n";
	const int on = 1;

	for (;;) {
		int fd = accept4(
			listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct session *s = xcalloc(1, sizeof(*s));
		s->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		send(fd, banner, sizeof(banner) - 1, MSG_NOSIGNAL);
		watch(fd, s);
	}
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct epoll_event events[EVENTS];
	struct rlimit files;
	struct addr addr;
	int listener;

	if (argc != 2)
		die("usage: smtp-sink ADDRESS");
	if (addr_parse(argv[1], &addr, &why) < 0 ||
		addr_listen(&addr, 4096, &listener, &why) < 0)
		die("%s: %s", argv[1], buf_str(&why));
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch(listener, NULL);
	for (;;) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				on_readable(events[i].data.ptr);
			else
				on_accept(listener);
		}
	}
}
