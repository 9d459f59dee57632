/*
 * channel.c - starts the child, and reads and writes its lines without ever
 * waiting past a deadline.
 */
#include "deltachat/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/path.h"

enum {
	READ_CHUNK_BYTES = 65536,
	LOG_TAIL_BYTES = 4096,
};

struct channel {
	char *name;
	char *log_path;
	pid_t pid;
	int fd;
	int log_fd;
	int status; /* of waitpid(2), when has_ended */
	bool has_ended;
	size_t taken; /* bytes of `in` that the last line took */
	size_t scanned;
	struct buf in;
	struct buf out;
};

int64_t clock_now_ms(void)
{
	return (int64_t)clock_msec();
}

int64_t clock_in_ms(int ms)
{
	return clock_now_ms() + ms;
}

static int ms_until(int64_t deadline)
{
	int64_t left = deadline - clock_now_ms();

	if (left <= 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static int start(struct channel *c, const struct channel_command *command,
	struct buf *why)
{
	int pair[2];

	c->log_fd = open(command->log_path,
		O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (c->log_fd < 0)
		return because(why, -errno, "%s: %s", command->log_path,
			strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return because(why, -errno, "socketpair: %s", strerror(errno));
	c->fd = pair[0];
	AUTO_CLOSE int far = pair[1];
	return child_spawn(
		&(struct child){
			.argv = command->argv,
			.env = command->env,
			.in = far,
			.out = far,
			.err = c->log_fd,
		},
		&c->pid, why);
}

static void channel_free(struct channel *c)
{
	fd_close(&c->fd);
	fd_close(&c->log_fd);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c->name);
	free(c->log_path);
	free(c);
}

int channel_start(const struct channel_command *command,
	struct channel **ret_channel, struct buf *why)
{
	struct channel *c = xcalloc(1, sizeof(*c));

	c->name = xstrdup(path_name(command->argv[0]));
	c->log_path = xstrdup(command->log_path);
	c->fd = -1;
	c->log_fd = -1;
	buf_init(&c->in, CHANNEL_LINE_MAX_BYTES + READ_CHUNK_BYTES);
	buf_init(&c->out, CHANNEL_LINE_MAX_BYTES);
	int r = start(c, command, why);
	if (r < 0) {
		channel_free(c);
		return r;
	}
	*ret_channel = c;
	return 0;
}

/* Up to `ms`; true once the child has ended. */
static bool wait_ended(struct channel *c, int ms)
{
	if (!c->has_ended)
		c->has_ended = child_wait(c->pid, ms, &c->status) != 0;
	return c->has_ended;
}

/* The last line of the log that is not empty, or nothing. */
static void add_log_tail(const struct channel *c, struct buf *out)
{
	AUTO_BUF struct buf tail = BUF_INIT(LOG_TAIL_BYTES);
	AUTO_CLOSE int fd = open(c->log_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (lseek(fd, -LOG_TAIL_BYTES, SEEK_END) < 0)
		lseek(fd, 0, SEEK_SET);
	if (fd_read_all(fd, &tail) < 0)
		return;
	struct slice rest = slice_trim(buf_slice(&tail));
	struct slice before, last = rest;
	slice_cut_last(rest, '\n', &before, &last);
	if (last.len > 0)
		buf_addf(out, "; its last words: %.*s", SLICE_FMT(last));
}

static int child_gone(struct channel *c, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * LOG_TAIL_BYTES);

	if (!wait_ended(c, 500))
		buf_add_str(&text, "closed its output");
	else if (WIFSIGNALED(c->status))
		buf_addf(&text, "was killed by signal %d", WTERMSIG(c->status));
	else
		buf_addf(&text, "ended with status %d", WEXITSTATUS(c->status));
	add_log_tail(c, &text);
	return because(why, -EPIPE, "%s %s", c->name, buf_str(&text));
}

static int read_some(struct channel *c, struct buf *why)
{
	char *room = buf_room(&c->in, READ_CHUNK_BYTES);

	if (!room)
		return because(why, -EMSGSIZE, "%s: a line over %d bytes",
			c->name, CHANNEL_LINE_MAX_BYTES);
	ssize_t n = recv(c->fd, room, READ_CHUNK_BYTES, MSG_DONTWAIT);
	if (n > 0)
		buf_added(&c->in, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return child_gone(c, why);
	return 0;
}

static int write_some(struct channel *c, struct buf *why)
{
	ssize_t n = send(
		c->fd, c->out.ptr, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		buf_consume(&c->out, (size_t)n);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return child_gone(c, why);
	return 0;
}

/* Waits until something can be read or written, and does that. */
static int pump(struct channel *c, int64_t deadline, struct buf *why)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	if (c->out.len > 0)
		p.events |= POLLOUT;
	int n = poll(&p, 1, ms_until(deadline));
	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0)
		return because(why, -errno, "poll: %s", strerror(errno));
	if (n == 0)
		return because(
			why, -ETIMEDOUT, "%s: no answer in time", c->name);
	if (p.revents & (POLLIN | POLLHUP | POLLERR))
		return read_some(c, why);
	return write_some(c, why);
}

int channel_send(
	struct channel *c, struct slice line, int64_t deadline, struct buf *why)
{
	buf_add_slice(&c->out, line);
	buf_add_char(&c->out, '\n');
	if (!buf_ok(&c->out)) {
		buf_reset(&c->out);
		return because(why, -EMSGSIZE, "%s: a request over %d bytes",
			c->name, CHANNEL_LINE_MAX_BYTES);
	}
	while (c->out.len > 0) {
		int r = pump(c, deadline, why);
		if (r < 0)
			return r;
	}
	return 0;
}

static void drop_taken(struct channel *c)
{
	buf_consume(&c->in, c->taken);
	c->taken = 0;
}

int channel_receive(struct channel *c, int64_t deadline, struct slice *ret_line,
	struct buf *why)
{
	drop_taken(c);
	for (;;) {
		struct slice rest = buf_slice(&c->in);
		const char *lf = rest.len > c->scanned
			? memchr(rest.ptr + c->scanned, '\n',
				  rest.len - c->scanned)
			: NULL;

		if (lf) {
			size_t len = (size_t)(lf - rest.ptr);
			c->taken = len + 1;
			c->scanned = 0;
			*ret_line = slice_head(rest, len);
			return 0;
		}
		c->scanned = rest.len;
		int r = pump(c, deadline, why);
		if (r < 0)
			return r;
	}
}

void channel_stop(struct channel *c, int grace_ms)
{
	if (!c)
		return;
	shutdown(c->fd, SHUT_WR);
	if (!wait_ended(c, grace_ms)) {
		kill(c->pid, SIGKILL);
		child_wait(c->pid, -1, NULL);
	}
	channel_free(c);
}

void channel_log(struct channel *c, struct slice line)
{
	AUTO_BUF struct buf text = BUF_INIT(CHANNEL_LINE_MAX_BYTES);

	buf_add_slice(&text, line);
	buf_add_char(&text, '\n');
	if (fd_write_all(c->log_fd, buf_slice(&text)) < 0)
		return;
}
