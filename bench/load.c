/*
 * smtp-load: sends encrypted-looking messages, one connection a message,
 * as fast as the other side takes them, and says how fast that was.
 *
 *	smtp-load [-c CONNECTIONS] [-n MESSAGES] [-s BYTES] [-u SENDERS]
 *	          [-i IDLE] ADDRESS
 *
 * The dialogue is the one that Postfix's smtpd_proxy has: every command
 * waits for its reply. -i first opens that many connections more, which
 * say EHLO and then nothing. The last line of the output is
 *
 *	rate=PER_SECOND p50=MS p99=MS max=MS failed=N
 *
 * where the time is from connect(2) to the reply after the final dot.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

#include "lib/addr.h"
#include "lib/die.h"
#include "lib/num.h"

enum {
	EVENTS = 256,
	REPLY_BYTES = 2048,
	LINE_BYTES = 72, /* of armor */
	PKESK_BYTES = 268,
	/* Of add_packets(): all but the body of the SEIPD. */
	PACKET_HEADS_BYTES = 3 + PKESK_BYTES + 6,
	AROUND_LINES = 10, /* what is not an armor, in lines of it */
	MIN_LINES = 20,
	IDLE_AT_ONCE = 500,
};

enum step {
	STEP_BANNER,
	STEP_EHLO,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_MESSAGE,
	STEP_QUIT,
	STEP_IDLE,
};

static const int wanted[] = { 220, 250, 250, 250, 354, 250, 221, 0 };

struct session {
	int fd;
	enum step step;
	bool is_idle; /* stays after EHLO */
	size_t len;   /* of reply */
	uint64_t started_at;
	struct buf head; /* of the message */
	size_t sent;     /* of the message, while it is being sent */
	unsigned sender;
	char reply[REPLY_BYTES];
};

static struct {
	uint64_t n_connections, n_messages, size, n_senders, n_idle;
} options = { 10, 1000, 10240, 1000, 0 };

static struct addr target;
static int epoll_fd;
static struct session *idle_sessions; /* held to the end */
static struct buf body;               /* what is the same in all messages */
static uint32_t *latencies;
static size_t n_begun, n_done, n_failed, n_ended, n_waiting;

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* `data` fills whole lines. */
static void add_armor(struct buf *out, struct slice data)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i + 3 <= data.len; i += 3) {
		const unsigned char *p = (const unsigned char *)data.ptr + i;
		unsigned v = (unsigned)(p[0] << 16 | p[1] << 8 | p[2]);
		const char four[] = { digits[v >> 18], digits[v >> 12 & 63],
			digits[v >> 6 & 63], digits[v & 63] };
		buf_add(out, four, sizeof(four));
		if ((i + 3) % (LINE_BYTES / 4 * 3) == 0)
			buf_add_str(out, "\r\n");
	}
}

/* One PKESK, one SEIPD of `len` bytes, in the new packet format. */
static void add_packets(struct buf *out, size_t len)
{
	const unsigned char pkesk[] = { 0xc1, 192 + ((PKESK_BYTES - 192) >> 8),
		(PKESK_BYTES - 192) & 255, 3 };
	const unsigned char seipd[] = { 0xd2, 255, (unsigned char)(len >> 24),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8),
		(unsigned char)len, 1 };

	buf_add(out, pkesk, sizeof(pkesk));
	arc4random_buf(buf_room(out, PKESK_BYTES - 1), PKESK_BYTES - 1);
	buf_added(out, PKESK_BYTES - 1);
	buf_add(out, seipd, sizeof(seipd));
	arc4random_buf(buf_room(out, len - 1), len - 1);
	buf_added(out, len - 1);
}

static void make_body(void)
{
	AUTO_BUF struct buf packets = BUF_INIT(1 << 30);
	size_t lines = options.size / (LINE_BYTES + 2);
	size_t n_lines = lines > MIN_LINES ? lines - AROUND_LINES
					   : MIN_LINES - AROUND_LINES;
	/* Whole lines, so that base64 needs no padding. */
	size_t len = n_lines * LINE_BYTES / 4 * 3 - PACKET_HEADS_BYTES;

	add_packets(&packets, len);
	buf_init(&body, 1 << 30);
	buf_add_str(&body,
		"To: <r@other.test>\r\nSubject: [...]\r\n"
		"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
		"Message-ID: <bench@localhost>\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/encrypted;\r\n"
		"\tprotocol=\"application/pgp-encrypted\";\r\n"
		"\tboundary=\"frontier\"\r\n\r\n\r\n"
		"--frontier\r\nContent-Type: application/pgp-encrypted\r\n"
		"Content-Description: PGP/MIME version identification\r\n\r\n"
		"Version: 1\r\n\r\n"
		"--frontier\r\nContent-Type: application/octet-stream;\r\n"
		"\tname=\"encrypted.asc\"\r\n"
		"Content-Disposition: inline; filename=\"encrypted.asc\"\r\n"
		"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n");
	add_armor(&body, buf_slice(&packets));
	buf_add_str(&body,
		"-----END PGP MESSAGE-----\r\n\r\n--frontier--\r\n.\r\n");
}

static void watch(struct session *s, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = s };

	if (epoll_ctl(epoll_fd, operation, s->fd, &event) < 0)
		die("epoll_ctl: %s", strerror(errno));
}

static void begin(struct session *s)
{
	if (!s->is_idle)
		s->sender = (unsigned)(n_begun++ % options.n_senders);
	s->step = STEP_BANNER;
	s->len = 0;
	s->started_at = now_usec();
	if (addr_connect(&target, &s->fd) < 0)
		die("connect: %s", strerror(errno));
	watch(s, EPOLL_CTL_ADD, EPOLLIN);
}

static void end(struct session *s)
{
	fd_close(&s->fd);
	if (s->is_idle)
		die("an idle connection was closed");
	if (n_begun < options.n_messages)
		begin(s);
	else
		n_ended++;
}

static void fail(struct session *s, const char *why)
{
	if (n_failed++ == 0)
		fprintf(stderr, "smtp-load: step %d: %s: %.*s\n", s->step, why,
			(int)s->len, s->reply);
	if (s->step == STEP_QUIT) /* delivered before */
		n_failed--;
	end(s);
}

static void say(struct session *s, const char *text)
{
	size_t len = strlen(text);

	if (send(s->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail(s, "cannot send");
}

static void start_message(struct session *s)
{
	buf_reset(&s->head);
	buf_addf(&s->head, "From: <u%05u@bench.test>\r\n", s->sender);
	s->sent = 0;
}

/* Header and body without a copy; false when the socket is full. */
static bool send_message(struct session *s)
{
	while (s->sent < s->head.len + body.len) {
		struct slice head = slice_from(buf_slice(&s->head), s->sent);
		size_t skip = s->sent > s->head.len ? s->sent - s->head.len : 0;
		struct slice rest = slice_from(buf_slice(&body), skip);
		struct iovec iov[] = {
			{ (void *)head.ptr, head.len },
			{ (void *)rest.ptr, rest.len },
		};
		ssize_t n = writev(s->fd, iov, ARRAY_LEN(iov));
		if (n < 0)
			return false;
		s->sent += (size_t)n;
	}
	return true;
}

static void push_message(struct session *s)
{
	if (send_message(s))
		watch(s, EPOLL_CTL_MOD, EPOLLIN);
	else if (errno == EAGAIN)
		watch(s, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	else
		fail(s, "cannot send");
}

static void next_step(struct session *s)
{
	char line[64];

	s->len = 0;
	switch (s->step++) {
	case STEP_BANNER:
		say(s, "EHLO bench.test\r\n");
		break;
	case STEP_EHLO:
		snprintf(line, sizeof(line), "MAIL FROM:<u%05u@bench.test>\r\n",
			s->sender);
		if (s->is_idle) {
			s->step = STEP_IDLE;
			n_waiting++;
		} else {
			say(s, line);
		}
		break;
	case STEP_MAIL:
		say(s, "RCPT TO:<r@other.test>\r\n");
		break;
	case STEP_RCPT:
		say(s, "DATA\r\n");
		break;
	case STEP_DATA:
		start_message(s);
		push_message(s);
		break;
	case STEP_MESSAGE:
		latencies[n_done++] = (uint32_t)(now_usec() - s->started_at);
		say(s, "QUIT\r\n");
		break;
	case STEP_QUIT:
	case STEP_IDLE:
		end(s);
		break;
	}
}

/* The code of a reply that is there as a whole, or 0. */
static int reply_code(const struct session *s)
{
	struct slice rest = slice_make(s->reply, s->len);
	struct slice line = SLICE_NONE;

	if (s->len == 0 || s->reply[s->len - 1] != '\n')
		return 0;
	while (slice_next_line(&rest, &line))
		if (line.len > 3 && line.ptr[3] == ' ')
			return (line.ptr[0] - '0') * 100 +
				(line.ptr[1] - '0') * 10 + line.ptr[2] - '0';
	return 0;
}

static void on_readable(struct session *s)
{
	ssize_t n = recv(s->fd, s->reply + s->len, REPLY_BYTES - s->len, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fail(s, n ? strerror(errno) : "closed");
		return;
	}
	s->len += (size_t)n;
	int code = reply_code(s);
	if (code == 0)
		return;
	if (code == wanted[s->step])
		next_step(s);
	else
		fail(s, "refused");
}

static void turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll_fd, events, EVENTS, 60000);

	if (n <= 0)
		die("nothing moved for a minute");
	for (int i = 0; i < n; i++) {
		struct session *s = events[i].data.ptr;
		if (events[i].events & EPOLLOUT)
			push_message(s);
		else
			on_readable(s);
	}
}

static struct session *new_sessions(size_t n, bool is_idle)
{
	struct session *sessions = xcalloc(n, sizeof(*sessions));

	for (size_t i = 0; i < n; i++) {
		sessions[i].is_idle = is_idle;
		sessions[i].fd = -1;
		buf_init(&sessions[i].head, 256);
	}
	return sessions;
}

static void open_idle(void)
{
	idle_sessions = new_sessions(options.n_idle, true);
	for (size_t i = 0; i < options.n_idle; i++) {
		begin(&idle_sessions[i]);
		while (i + 1 > n_waiting + IDLE_AT_ONCE)
			turn();
	}
	while (n_waiting < options.n_idle)
		turn();
	if (n_waiting > 0)
		printf("idle=%zu\n", n_waiting);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(unsigned percent)
{
	if (n_done == 0)
		return 0;
	return latencies[(n_done - 1) * percent / 100] / 1000.0;
}

static void run(void)
{
	size_t n = options.n_connections < options.n_messages
		? options.n_connections
		: options.n_messages;
	struct session *sessions = new_sessions(n, false);
	uint64_t began = now_usec();

	latencies = xcalloc(options.n_messages, sizeof(*latencies));
	for (size_t i = 0; i < n; i++)
		begin(&sessions[i]);
	while (n_ended < n)
		turn();
	double sec = (double)(now_usec() - began) / 1e6;
	qsort(latencies, n_done, sizeof(*latencies), compare);
	printf("rate=%.1f p50=%.3f p99=%.3f max=%.3f failed=%zu\n",
		(double)n_done / sec, percentile(50), percentile(99),
		percentile(100), n_failed);
	for (size_t i = 0; i < n; i++)
		buf_release(&sessions[i].head);
	free(sessions);
	free(latencies);
}

static void set_option(int letter, const char *text)
{
	uint64_t *values[] = { &options.n_connections, &options.n_messages,
		&options.size, &options.n_senders, &options.n_idle };
	const char *at = strchr("cnsui", letter);

	if (!at || num_parse_size(slice_of(text), values[at - "cnsui"]) < 0)
		die("usage: smtp-load [-c CONNECTIONS] [-n MESSAGES] "
		    "[-s BYTES] [-u SENDERS] [-i IDLE] ADDRESS");
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct rlimit files;
	int letter;

	while ((letter = getopt(argc, argv, "c:n:s:u:i:")) != -1)
		set_option(letter, optarg ? optarg : "");
	if (optind >= argc || addr_parse(argv[optind], &target, &why) < 0)
		die("ADDRESS: %s", buf_str(&why));
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	make_body();
	open_idle();
	run();
	free(idle_sessions);
	buf_release(&body);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
