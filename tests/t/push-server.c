/* A server that takes push notifications for tests (push-server.h). */
#include "tests/t/push-server.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PEERS_MAX = 64,
	POSTS_MAX = 4096,
};

struct peer {
	int fd;
	struct buf in;
};

struct post {
	char *body;
	double at;
};

static int listener = -1;
static struct peer peers[PEERS_MAX];
static struct post posts[POSTS_MAX];
static size_t n_posts;

double push_server_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

unsigned push_server_bind(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int on = 1;

	for (size_t i = 0; i < PEERS_MAX; i++)
		peers[i] = (struct peer){ .fd = -1, .in = { .max = 65536 } };
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&sa, len) < 0 ||
		getsockname(listener, (struct sockaddr *)&sa, &len) < 0)
		die("127.0.0.1: cannot bind");
	return ntohs(sa.sin_port);
}

void push_server_open(void)
{
	if (listen(listener, 64) < 0)
		die("127.0.0.1: cannot listen");
}

size_t push_server_count(const char *body)
{
	size_t n = 0;

	for (size_t i = 0; i < n_posts; i++)
		n += strcmp(posts[i].body, body) == 0;
	return n;
}

static const char *reply_to(const char *body)
{
	static const struct {
		const char *start;
		bool is_once;
		const char *reply;
	} rules[] = {
		{ "gone", false, "HTTP/1.1 410 Gone\r\n" },
		{ "hang", false, NULL },
		{ "reset", false, "" },
		{ "fail", true, "HTTP/1.1 500 Oh\r\n" },
		{ "late", true,
			"HTTP/1.1 429 Slow Down\r\nRetry-After: 10\r\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (strncmp(body, rules[i].start, strlen(rules[i].start)) ==
				0 &&
			!(rules[i].is_once && push_server_count(body) > 1))
			return rules[i].reply;
	return "HTTP/1.1 200 OK\r\n";
}

static void hang_up(struct peer *peer)
{
	fd_close(&peer->fd);
	buf_reset(&peer->in);
}

static void answer(struct peer *peer, struct slice body)
{
	if (n_posts == POSTS_MAX)
		die("too many posts");
	posts[n_posts++] = (struct post){ .body = slice_dup(body),
		.at = push_server_now() };
	const char *reply = reply_to(posts[n_posts - 1].body);
	if (reply && !reply[0]) {
		hang_up(peer);
	} else if (reply) {
		AUTO_FREE char *text =
			xasprintf("%sContent-Length: 0\r\n\r\n", reply);
		if (fd_write_all(peer->fd, slice_of(text)) < 0)
			hang_up(peer);
	}
}

/* One whole request, if there is one. */
static bool take_request(struct peer *peer)
{
	struct slice rest = buf_slice(&peer->in), line, word;
	uint64_t len = 0;

	while (slice_next_line(&rest, &line) && slice_trim(line).len > 0) {
		if (!slice_starts_nocase(line, SLICE("content-length:")))
			continue;
		line = slice_from(line, sizeof("content-length:") - 1);
		if (!slice_next_word(&line, &word) ||
			num_parse_u64(word, &len) < 0)
			die("an odd content-length");
	}
	size_t head = peer->in.len - rest.len;
	bool is_whole = head >= 4 && rest.len >= len &&
		memcmp(peer->in.ptr + head - 4, "\r\n\r\n", 4) == 0;
	if (!is_whole)
		return false;
	if (!slice_starts(buf_slice(&peer->in), SLICE("POST /notify ")))
		die("a request that is no POST to the URL");
	AUTO_FREE char *body = slice_dup(slice_head(rest, len));
	buf_consume(&peer->in, head + len);
	answer(peer, slice_of(body));
	return peer->fd >= 0;
}

static void read_peer(struct peer *peer)
{
	char *room = buf_room(&peer->in, 16384);
	ssize_t n = room ? recv(peer->fd, room, 16384, 0) : -1;

	if (n <= 0) {
		hang_up(peer);
		return;
	}
	buf_added(&peer->in, (size_t)n);
	while (take_request(peer))
		;
}

static void accept_peer(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (size_t i = 0; i < PEERS_MAX; i++) {
		if (peers[i].fd >= 0)
			continue;
		peers[i].fd = fd;
		return;
	}
	die("too many connections to the notification server");
}

/* Serves until something happens, or the time is over. */
void push_server_serve(int msec)
{
	struct pollfd fds[PEERS_MAX + 1];

	for (size_t i = 0; i < PEERS_MAX; i++)
		fds[i] = (struct pollfd){ .fd = peers[i].fd, .events = POLLIN };
	fds[PEERS_MAX] = (struct pollfd){ .fd = listener, .events = POLLIN };
	poll(fds, ARRAY_LEN(fds), msec);
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (fds[i].revents)
			read_peer(&peers[i]);
	if (fds[PEERS_MAX].revents & POLLIN)
		accept_peer();
}

void push_server_wait(const char *body, size_t n)
{
	double until = push_server_now() + PATIENCE_SEC;

	while (push_server_count(body) < n) {
		if (push_server_now() > until)
			die("%s: posted %zu times, want %zu", body,
				push_server_count(body), n);
		push_server_serve(100);
	}
}

double push_server_time(const char *body, size_t nth)
{
	for (size_t i = 0; i < n_posts; i++)
		if (strcmp(posts[i].body, body) == 0 && nth-- == 0)
			return posts[i].at;
	die("%s: not posted so often", body);
}

size_t push_server_count_all(void)
{
	return n_posts;
}
