/* Unit tests of lib/conn.h. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/conn.h"
#include "tests/test.h"

/* One end is a conn on the loop, the other a plain descriptor. */
struct peer {
	sd_event *event;
	struct conn *conn;
	int fd;
	struct buf got;
	size_t take; /* how much on_input consumes at most */
	int end;
	bool is_ended;
	bool keep_at_eof;
	bool close_on_input;
	int drained;
};

static size_t on_input(struct conn *c, struct slice in)
{
	struct peer *p = conn_owner(c);
	size_t n = in.len < p->take ? in.len : p->take;

	buf_add_slice(&p->got, slice_head(in, n));
	if (p->close_on_input) {
		p->conn = NULL;
		conn_close(c);
	}
	return n;
}

static void on_drained(struct conn *c)
{
	struct peer *p = conn_owner(c);

	p->drained++;
}

static void on_end(struct conn *c, int error)
{
	struct peer *p = conn_owner(c);

	check("told once", !p->is_ended);
	if (error == 0 && p->keep_at_eof) {
		p->keep_at_eof = false;
		return;
	}
	p->is_ended = true;
	p->end = error;
	p->conn = NULL;
	conn_close(c);
}

static const struct conn_ops ops = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_end = on_end,
};

static int unix_pair(int *pair)
{
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static int tcp_pair(int *pair)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr *sa = (struct sockaddr *)&in;
	socklen_t len = sizeof(in);
	AUTO_CLOSE int listener = socket(AF_INET, SOCK_STREAM, 0);

	pair[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, sa, len) < 0 || listen(listener, 1) < 0 ||
		getsockname(listener, sa, &len) < 0 ||
		connect(pair[1], sa, len) < 0)
		return -errno;
	pair[0] = accept(listener, NULL, NULL);
	return pair[0] < 0 ? -errno : 0;
}

static void open_peer_of(
	struct peer *p, int (*make_pair)(int *), uint64_t linger_usec)
{
	const struct conn_limits limits = { 16, 1 << 20, linger_usec };
	int pair[2];

	*p = (struct peer){ .got = BUF_INIT(1 << 20), .take = SIZE_MAX };
	check_int("loop", sd_event_new(&p->event), 0);
	check_int("pair", make_pair(pair), 0);
	p->fd = pair[1];
	check_int("conn",
		conn_new(p->event, pair[0], &ops, &limits, p, &p->conn), 0);
}

static void open_peer(struct peer *p)
{
	open_peer_of(p, unix_pair, 0);
}

static void close_peer(struct peer *p)
{
	conn_close(p->conn);
	fd_close(&p->fd);
	buf_release(&p->got);
	sd_event_unref(p->event);
}

static void turn(struct peer *p)
{
	while (sd_event_run(p->event, 0) > 0)
		;
}

static void say(struct peer *p, const char *text)
{
	check_int("written", write(p->fd, text, strlen(text)),
		(long long)strlen(text));
	turn(p);
}

static void test_input_stays_until_consumed(void)
{
	struct peer p;

	open_peer(&p);
	p.take = 3;
	say(&p, "abcd");
	check_str("first three", buf_str(&p.got), "abc");
	p.take = SIZE_MAX;
	say(&p, "ef");
	check_str("then the rest", buf_str(&p.got), "abcdef");
	close_peer(&p);
}

static void test_input_ceiling(void)
{
	struct peer p;

	open_peer(&p);
	p.take = 0;
	say(&p, "0123456789abcdefXXXX");
	check("ended", p.is_ended);
	check_int("too much", p.end, -EMSGSIZE);
	close_peer(&p);
}

static void test_pause(void)
{
	struct peer p;

	open_peer(&p);
	p.take = 2;
	say(&p, "abcd");
	conn_pause(p.conn);
	p.take = SIZE_MAX;
	say(&p, "0123456789abcdef0123456789");
	check_str("silent", buf_str(&p.got), "ab");
	conn_resume(p.conn);
	turn(&p);
	check_str(
		"all there", buf_str(&p.got), "abcd0123456789abcdef0123456789");
	close_peer(&p);
}

static void test_output(void)
{
	struct peer p;
	char text[100];

	open_peer(&p);
	buf_add_str(conn_out(p.conn), "hello");
	conn_flush(p.conn);
	check_int("sent", read(p.fd, text, sizeof(text)), 5);
	for (int i = 0; i < 10000; i++)
		buf_add_str(conn_out(p.conn),
			"0123456789012345678901234567890123456789");
	conn_flush(p.conn);
	check("waits", conn_pending(p.conn) > 0);
	size_t total = 0;
	while (total < 400000) {
		ssize_t n = read(p.fd, text, sizeof(text));
		if (n <= 0)
			break;
		total += (size_t)n;
		turn(&p);
	}
	check_int("all of it", (long long)total, 400000);
	check_int("told once", p.drained, 1);
	close_peer(&p);
}

static void test_ends(void)
{
	struct peer p;

	open_peer(&p);
	fd_close(&p.fd);
	turn(&p);
	check("end of file", p.is_ended && p.end == 0);
	close_peer(&p);

	open_peer(&p);
	p.close_on_input = true;
	say(&p, "x");
	check("closed by its handler", !p.conn && !p.is_ended);
	close_peer(&p);

	open_peer(&p);
	conn_set_timeout(p.conn, 1000);
	while (!p.is_ended && sd_event_run(p.event, UINT64_MAX) > 0)
		;
	check_int("timed out", p.end, -ETIMEDOUT);
	close_peer(&p);

	open_peer(&p);
	for (int i = 0; i < 30000; i++)
		buf_add_str(conn_out(p.conn),
			"0123456789012345678901234567890123456789");
	conn_flush(p.conn);
	check_int("output ceiling", p.end, -ENOBUFS);
	close_peer(&p);
}

/* A peer that will send no more still gets its answers. */
static void test_half_close(void)
{
	struct peer p;
	char text[100];

	open_peer(&p);
	p.keep_at_eof = true;
	say(&p, "question");
	shutdown(p.fd, SHUT_WR);
	turn(&p);
	check("lives on", p.conn && !p.is_ended && !p.keep_at_eof);
	buf_add_str(conn_out(p.conn), "answer");
	conn_flush(p.conn);
	check_int("answer", read(p.fd, text, sizeof(text)), 6);
	fd_close(&p.fd);
	turn(&p);
	check("then it leaves", p.is_ended && p.end < 0);
	close_peer(&p);
}

static void fill_out(struct peer *p, size_t bytes)
{
	AUTO_FREE char *much = xcalloc(1, bytes);

	conn_send(p->conn, slice_make(much, bytes));
}

/* Nothing leaves after a hole, whoever writes, and when. */
static void test_overflow_is_kept(void)
{
	struct peer p;
	char text[65536];

	open_peer(&p);
	fill_out(&p, 2000000);
	if (p.conn)
		conn_send(p.conn, SLICE("after the hole"));
	while (read(p.fd, text, sizeof(text)) > 0)
		turn(&p);
	check("ended", p.is_ended);
	check_int("output ceiling", p.end, -ENOBUFS);
	close_peer(&p);

	open_peer(&p);
	fill_out(&p, 2000000);
	conn_close_when_sent(p.conn);
	p.conn = NULL;
	close_peer(&p);
}

/* A peer that takes nothing does not keep the connection forever. */
static void test_linger(void)
{
	struct peer p;
	char text[65536];
	ssize_t n;

	open_peer_of(&p, unix_pair, 1000);
	fill_out(&p, 1 << 20);
	check("waits", conn_pending(p.conn) > 0);
	conn_close_when_sent(p.conn);
	p.conn = NULL;
	check("a turn", sd_event_run(p.event, 20000000) > 0);
	turn(&p);
	while ((n = recv(p.fd, text, sizeof(text), MSG_DONTWAIT)) > 0)
		;
	check_int("closed", n, 0);
	close_peer(&p);
}

/* Packets that the plain end has got. */
static unsigned count_packets(const struct peer *p)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	check_int("asked",
		getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_segs_in;
}

static void close_saying_bye(void (*finish)(struct conn *), unsigned packets)
{
	struct peer p;
	char text[100];

	open_peer_of(&p, tcp_pair, 0);
	unsigned before = count_packets(&p);
	buf_add_str(conn_out(p.conn), "bye");
	finish(p.conn);
	p.conn = NULL;
	check_int("last words", read(p.fd, text, sizeof(text)), 3);
	check_int("the end", read(p.fd, text, sizeof(text)), 0);
	check_int("packets", count_packets(&p) - before, packets);
	close_peer(&p);
}

static void close_saying_much(void (*finish)(struct conn *))
{
	struct peer p;
	char text[4096];
	ssize_t total = 0, n;

	open_peer(&p);
	for (int i = 0; i < 10000; i++)
		buf_add_str(conn_out(p.conn),
			"0123456789012345678901234567890123456789");
	finish(p.conn);
	p.conn = NULL;
	while ((n = read(p.fd, text, sizeof(text))) > 0) {
		total += n;
		turn(&p);
	}
	check_int("all of it", total, 400000);
	close_peer(&p);
}

static void test_last_words(void)
{
	close_saying_bye(conn_close_when_sent, 2);
	close_saying_bye(conn_close_together, 1);
	close_saying_much(conn_close_when_sent);
	close_saying_much(conn_close_together);
}

int main(void)
{
	test_input_stays_until_consumed();
	test_input_ceiling();
	test_pause();
	test_output();
	test_ends();
	test_half_close();
	test_overflow_is_kept();
	test_linger();
	test_last_words();
	return test_end();
}
