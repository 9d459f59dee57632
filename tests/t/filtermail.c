/*
 * filtermail - the real program between a client and a server that are
 * both played here, to the byte.
 *
 * Usage: filtermail PROGRAM FOLDER CASE
 *
 * A case is FOLDER/<case>.dialogue, or one of those at the end of this
 * file. The lines of a dialogue, of which those before the first step
 * say how the program is started:
 *
 *	ini: LINE       one more line of the [params] section
 *	mode: incoming  instead of outgoing
 *	args: WORDS     further arguments
 *
 *	connect         a client connects
 *	open            the same, with greeting and EHLO
 *	accept          the server takes the connection from the filter
 *	relay           the same, with greeting and EHLO
 *	C: text         the client sends a line; "c:" without its CRLF
 *	F: text         the same, but the other side may hang up meanwhile
 *	S: text         the client gets exactly this line
 *	D: text         the server gets exactly this line
 *	U: text         the server sends a line; "u:" without its CRLF
 *	mail FROM TO    MAIL and RCPT through both sides; over the server's
 *			connection after "arrives", else it is relayed
 *	message FROM    the client sends an encrypted message and its dot
 *	arrives FROM    the server gets that message and its dot
 *	lost            the server's connection ends without a final dot
 *	alone           nobody connects to the server
 *	counted N NAME  so many of that the program has counted
 *	deaf            from now on nobody can connect to the server
 *	drop            the server closes its connection
 *	leave           the client closes its connection
 *	end             the client's connection ends
 *
 * How a text is written, tests/dialogue.h says.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "lib/addr.h"
#include "lib/die.h"
#include "lib/file.h"
#include "tests/dialogue.h"

enum {
	PATIENCE_SEC = 20,
	TEXT_MAX_BYTES = 1 << 24,
	CLIENTS = 200,
	HOSTILE_ROUNDS = 300,
	HOSTILE_BYTES = 4000,
	LONG_REPLY_BYTES = 1500,
	RECIPIENTS = 900,
	KEPT_BYTES = 12000,
	COUNT_ROW_BYTES = 64, /* chatmaild/common/counters.h */
};

static const char hello[] =
	"250-x.test\r\n250-PIPELINING\r\n250-SIZE 31457280\r\n"
	"250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
	"250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n";
static const char server_hello[] =
	"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
	"250 XFORWARD NAME ADDR\r\n";

struct bed {
	const char *program;
	struct buf ini;
	struct buf args; /* words */
	const char *mode;
	pid_t pid;
	int listener;
	int client;
	int server;
	bool is_parked;    /* it may take another message */
	const char *where; /* the line that is being played */
};

static const char front[] = "unix:front.sock";
static const char back[] = "unix:back.sock";

static void NORETURN fail(
	const struct bed *bed, const char *what, struct slice got)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	buf_add_quoted(&text, got);
	die("%s: %s; got %s", bed->where, what, buf_str(&text));
}

static void fail_wanting(
	const struct bed *bed, struct slice got, struct slice want)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	buf_add_str(&text, "wanted ");
	buf_add_quoted(&text, want);
	fail(bed, buf_str(&text), got);
}

static void set_patience(int fd)
{
	struct timeval time = { .tv_sec = PATIENCE_SEC };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

static void send_all(const struct bed *bed, int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
		if (n <= 0)
			fail(bed, "cannot send", text);
		text = slice_from(text, (size_t)n);
	}
}

static void send_some(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		text = slice_from(text, (size_t)n);
	}
}

/* Reads as many bytes as are wanted, which must be the same. */
static void expect(const struct bed *bed, int fd, struct slice want)
{
	AUTO_BUF struct buf got = BUF_INIT(TEXT_MAX_BYTES);

	while (got.len < want.len) {
		size_t room = want.len - got.len;
		ssize_t n = recv(fd, buf_room(&got, room), room, 0);
		if (n <= 0)
			break;
		buf_added(&got, (size_t)n);
		if (!slice_starts(want, buf_slice(&got)))
			break;
	}
	if (!slice_eq(buf_slice(&got), want))
		fail_wanting(bed, buf_slice(&got), want);
}

static void read_to_end(const struct bed *bed, int fd, struct buf *got)
{
	for (;;) {
		char *room = buf_room(got, 65536);
		ssize_t n = room ? recv(fd, room, 65536, 0) : -1;
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return;
		if (n < 0)
			fail(bed, "the connection did not end", SLICE_NONE);
		buf_added(got, (size_t)n);
	}
}

static void expect_end(const struct bed *bed, int fd)
{
	AUTO_BUF struct buf got = BUF_INIT(TEXT_MAX_BYTES);

	read_to_end(bed, fd, &got);
	if (got.len > 0)
		fail(bed, "wanted the end", buf_slice(&got));
}

static void expect_lost(const struct bed *bed, int fd)
{
	AUTO_BUF struct buf got = BUF_INIT(TEXT_MAX_BYTES);

	read_to_end(bed, fd, &got);
	if (memmem(buf_str(&got), got.len, "\r\n.\r\n", 5))
		fail(bed, "a message was ended that must not pass",
			buf_slice(&got));
}

static int connect_front(const struct bed *bed)
{
	struct addr addr;
	int fd;

	if (addr_parse(front, &addr, NULL) < 0)
		die("cannot make an address");
	/* The program is up once it listens. */
	for (int i = 0; i < PATIENCE_SEC * 1000; i++) {
		if (addr_connect(&addr, &fd) == 0) {
			set_patience(fd);
			return fd;
		}
		poll(NULL, 0, 1);
	}
	fail(bed, "the program does not listen", SLICE_NONE);
}

static int accept_server(const struct bed *bed)
{
	struct pollfd p = { .fd = bed->listener, .events = POLLIN };

	if (poll(&p, 1, PATIENCE_SEC * 1000) != 1)
		fail(bed, "nobody connects to the server", SLICE_NONE);
	int fd = accept4(bed->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		fail(bed, strerror(errno), SLICE_NONE);
	set_patience(fd);
	return fd;
}

static void listen_back(struct bed *bed)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct addr addr;

	if (addr_parse(back, &addr, &why) < 0 ||
		addr_listen(&addr, 1000, &bed->listener, &why) < 0)
		die("%s", buf_str(&why));
}

static void start(struct bed *bed)
{
	extern char **environ;
	const char *argv[20] = { bed->program, "test.ini", bed->mode,
		"--listen", front, "--forward", back };
	AUTO_FREE char *words = xstrdup(buf_str(&bed->args));
	size_t n = 7;

	for (char *rest = words, *word; (word = strsep(&rest, " "));)
		if (*word && n + 1 < ARRAY_LEN(argv))
			argv[n++] = word;
	if (file_write("test.ini", buf_slice(&bed->ini),
		    (struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 },
		    NULL) < 0)
		die("cannot write test.ini");
	listen_back(bed);
	int r = posix_spawn(&bed->pid, bed->program, NULL, NULL,
		(char *const *)argv, environ);
	if (r)
		die("%s: %s", bed->program, strerror(r));
}

/* It must have lived, and end well when it is told to. */
static void stop(struct bed *bed)
{
	int status = 0;

	bed->where = "end of the program";
	if (kill(bed->pid, SIGTERM) < 0 ||
		waitpid(bed->pid, &status, 0) != bed->pid || status != 0)
		die("the program ended badly: status %d", status);
	fd_close(&bed->client);
	fd_close(&bed->server);
	fd_close(&bed->listener);
	buf_release(&bed->ini);
	buf_release(&bed->args);
}

static void prepare(struct bed *bed, const char *program)
{
	*bed = (struct bed){
		.program = program,
		.ini = BUF_INIT(65536),
		.args = BUF_INIT(4096),
		.mode = "outgoing",
		.listener = -1,
		.client = -1,
		.server = -1,
		.where = "start",
	};
	AUTO_FREE char *here = getcwd(NULL, 0);
	if (dir_make("counts", 0700, NULL) < 0)
		die("counts: cannot be made");
	buf_addf(&bed->ini,
		"[params]\nmail_domain = x.test\ncounters_dir = %s/counts\n",
		here);
}

static void text_to(const struct bed *bed, int fd, const char *text)
{
	send_all(bed, fd, slice_of(text));
}

static void text_from(const struct bed *bed, int fd, const char *text)
{
	expect(bed, fd, slice_of(text));
}

static void do_connect(struct bed *bed)
{
	fd_close(&bed->client);
	bed->client = connect_front(bed);
}

static void do_open(struct bed *bed)
{
	do_connect(bed);
	text_from(bed, bed->client, "220 x.test ESMTP\r\n");
	text_to(bed, bed->client, "EHLO client\r\n");
	text_from(bed, bed->client, hello);
}

static void do_accept(struct bed *bed)
{
	fd_close(&bed->server);
	bed->server = accept_server(bed);
	bed->is_parked = false;
}

static void do_relay(struct bed *bed)
{
	do_accept(bed);
	text_to(bed, bed->server, "220 sink\r\n");
	text_from(bed, bed->server, "EHLO x.test\r\n");
	text_to(bed, bed->server, server_hello);
}

static void do_lost(struct bed *bed)
{
	expect_lost(bed, bed->server);
	fd_close(&bed->server);
	bed->is_parked = false;
}

static void do_alone(struct bed *bed)
{
	struct pollfd p = { .fd = bed->listener, .events = POLLIN };

	if (poll(&p, 1, 0) != 0)
		fail(bed, "somebody connects to the server", SLICE_NONE);
}

static void do_deaf(struct bed *bed)
{
	fd_close(&bed->listener);
}

static void do_drop(struct bed *bed)
{
	fd_close(&bed->server);
	bed->is_parked = false;
}

static void do_leave(struct bed *bed)
{
	fd_close(&bed->client);
}

static void do_end(struct bed *bed)
{
	expect_end(bed, bed->client);
	fd_close(&bed->client);
}

static const struct {
	const char *name;
	void (*step)(struct bed *);
} steps[] = {
	{ "connect", do_connect },
	{ "open", do_open },
	{ "accept", do_accept },
	{ "relay", do_relay },
	{ "lost", do_lost },
	{ "alone", do_alone },
	{ "deaf", do_deaf },
	{ "drop", do_drop },
	{ "leave", do_leave },
	{ "end", do_end },
};

/* One PKESK and one SEIPD, as short as they can be. */
static void add_message(struct buf *out, struct slice from)
{
	buf_addf(out,
		"From: <%.*s>\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/encrypted; boundary=b;\r\n"
		"\tprotocol=\"application/pgp-encrypted\"\r\n\r\n"
		"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
		"Version: 1\r\n\r\n--b\r\n"
		"Content-Type: application/octet-stream\r\n\r\n"
		"-----BEGIN PGP MESSAGE-----\r\n\r\n"
		"wRQDAQIDBAUGBwgJCgsMDQ4PEBESE9IpAWJLYMWMnYv7b/GIbC/WBdKt626k"
		"2ldg\r\naCAbbGlYzpP06x4z6KgbaXs=\r\n"
		"-----END PGP MESSAGE-----\r\n\r\n--b--\r\n.\r\n",
		SLICE_FMT(from));
}

static void play_mail(struct bed *bed, struct slice from, struct slice to)
{
	AUTO_BUF struct buf line = BUF_INIT(4096);

	buf_addf(&line, "MAIL FROM:<%.*s>\r\n", SLICE_FMT(from));
	send_all(bed, bed->client, buf_slice(&line));
	text_from(bed, bed->client, "250 2.1.0 Ok\r\n");
	size_t len = line.len;
	buf_addf(&line, "RCPT TO:<%.*s>\r\n", SLICE_FMT(to));
	send_all(bed, bed->client, slice_from(buf_slice(&line), len));
	if (!bed->is_parked)
		do_relay(bed);
	bed->is_parked = false;
	expect(bed, bed->server, buf_slice(&line));
	text_to(bed, bed->server, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	text_from(bed, bed->client, "250 2.1.5 Ok\r\n");
	text_to(bed, bed->client, "DATA\r\n");
	text_from(bed, bed->server, "DATA\r\n");
	text_to(bed, bed->server, "354 go\r\n");
	text_from(bed, bed->client, "354 go\r\n");
}

static void play_message(struct bed *bed, struct slice from, bool is_arrival)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	add_message(&text, from);
	if (is_arrival) {
		expect(bed, bed->server, buf_slice(&text));
		bed->is_parked = true;
	} else {
		send_all(bed, bed->client, buf_slice(&text));
	}
}

static void move_text(struct bed *bed, char who, struct slice text)
{
	switch (ascii_lower(who)) {
	case 'c':
		send_all(bed, bed->client, text);
		break;
	case 'f':
		send_some(bed->client, text);
		break;
	case 's':
		expect(bed, bed->client, text);
		break;
	case 'd':
		expect(bed, bed->server, text);
		break;
	case 'u':
		send_all(bed, bed->server, text);
		break;
	default:
		fail(bed, "no such line", text);
	}
}

static void play_text(struct bed *bed, struct slice who, struct slice text)
{
	AUTO_BUF struct buf all = BUF_INIT(TEXT_MAX_BYTES);

	if (dialogue_add(who, text, &all) < 0)
		fail(bed, "not a number", who);
	move_text(bed, who.ptr[0], buf_slice(&all));
}

static uint64_t read_count(const struct bed *bed, struct slice name)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	uint64_t n;

	if (file_read("counts/filtermail-outgoing.counters", &text, &why) < 0)
		fail(bed, "no counters", buf_slice(&why));
	for (size_t at = 0; at + COUNT_ROW_BYTES <= text.len;
		at += COUNT_ROW_BYTES) {
		if (!slice_eq_str(name, text.ptr + at))
			continue;
		memcpy(&n, text.ptr + at + COUNT_ROW_BYTES - sizeof(n),
			sizeof(n));
		return n;
	}
	fail(bed, "no such counter", name);
}

static void play_counted(
	struct bed *bed, struct slice number, struct slice name)
{
	AUTO_BUF struct buf got = BUF_INIT(64);

	buf_addf(&got, "%lu", read_count(bed, name));
	if (!slice_eq(buf_slice(&got), number))
		fail_wanting(bed, buf_slice(&got), number);
}

static void play_words(struct bed *bed, struct slice line)
{
	struct slice verb, a = SLICE_NONE, b = SLICE_NONE;

	slice_next_word(&line, &verb);
	slice_next_word(&line, &a);
	slice_next_word(&line, &b);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (slice_eq_str(verb, steps[i].name)) {
			steps[i].step(bed);
			return;
		}
	if (slice_eq_str(verb, "mail"))
		play_mail(bed, a, b);
	else if (slice_eq_str(verb, "message"))
		play_message(bed, a, false);
	else if (slice_eq_str(verb, "counted"))
		play_counted(bed, a, b);
	else if (slice_eq_str(verb, "arrives"))
		play_message(bed, a, true);
	else
		fail(bed, "no such step", verb);
}

/* What says how the program is started; false for the first step. */
static bool take_setting(struct bed *bed, struct slice line)
{
	struct slice key, value;

	if (!slice_cut(line, ':', &key, &value))
		return false;
	value = slice_trim(value);
	if (slice_eq_str(key, "ini"))
		buf_addf(&bed->ini, "%.*s\n", SLICE_FMT(value));
	else if (slice_eq_str(key, "args"))
		buf_addf(&bed->args, "%.*s", SLICE_FMT(value));
	else if (slice_eq_str(key, "mode"))
		bed->mode = "incoming";
	else
		return false;
	return true;
}

static void play_line(struct bed *bed, struct slice line)
{
	struct slice who, text;

	if (bed->pid == 0 && take_setting(bed, line))
		return;
	if (bed->pid == 0)
		start(bed);
	if (slice_cut(line, ':', &who, &text) && who.len > 0 &&
		(who.len == 1 || who.ptr[1] == '*'))
		play_text(bed, who, text);
	else
		play_words(bed, line);
}

static void play_dialogue(const char *program, const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf where = BUF_INIT(4096);
	struct slice line;
	struct bed bed;

	prepare(&bed, program);
	if (file_read(path, &text, &why) < 0)
		die("%s", buf_str(&why));
	struct slice rest = buf_slice(&text);
	for (int i = 1; slice_next_line(&rest, &line); i++) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		buf_reset(&where);
		buf_addf(&where, "%s:%d", path, i);
		bed.where = buf_str(&where);
		play_line(&bed, line);
	}
	stop(&bed);
}

/* Whatever a client says, the next one is served. */
static void play_hostile(const char *program)
{
	static const char *const words[] = { "EHLO a\r\n", "MAIL FROM:<",
		"a@x.test>", "RCPT TO:<", "DATA\r\n", ".\r\n", "\r\n", "\n",
		"\r", "RSET\r\n", "XFORWARD NAME=", "QUIT\r\n", " SIZE=1", "\0",
		"NOOP\r\n", "\xff" };
	struct bed bed;

	prepare(&bed, program);
	start(&bed);
	for (int i = 0; i < HOSTILE_ROUNDS; i++) {
		AUTO_BUF struct buf text = BUF_INIT(65536);
		char discard[4096];
		do_connect(&bed);
		while (text.len < HOSTILE_BYTES)
			buf_add_str(&text,
				words[arc4random_uniform(ARRAY_LEN(words))]);
		/* The other side may end it at any byte. */
		ssize_t n = send(bed.client, text.ptr,
			arc4random_uniform(HOSTILE_BYTES), MSG_NOSIGNAL);
		if (n > 0 && i % 2)
			n = recv(bed.client, discard, sizeof(discard), 0);
		do_leave(&bed);
	}
	bed.where = "after hostile clients";
	do_open(&bed);
	text_to(&bed, bed.client, "QUIT\r\n");
	text_from(&bed, bed.client, "221 2.0.0 Bye\r\n");
	do_end(&bed);
	stop(&bed);
}

static int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* A message passes while many others wait in the middle of theirs. */
static void play_many(const char *program)
{
	struct slice from = SLICE("a@x.test");
	int clients[CLIENTS];
	int servers[CLIENTS];
	struct bed bed;

	prepare(&bed, program);
	buf_add_str(&bed.ini, "max_user_send_per_minute = 100000\n");
	start(&bed);
	for (int i = 0; i < CLIENTS; i++) {
		do_open(&bed);
		play_mail(&bed, from, SLICE("b@y.test"));
		text_to(&bed, bed.client, "From: <a@x.test>\r\n");
		text_from(&bed, bed.server, "From: <a@x.test>\r\n");
		clients[i] = take_fd(&bed.client);
		servers[i] = take_fd(&bed.server);
	}
	bed.where = "one among many";
	do_open(&bed);
	play_mail(&bed, from, SLICE("b@y.test"));
	play_message(&bed, from, false);
	play_message(&bed, from, true);
	text_to(&bed, bed.server, "250 2.0.0 Ok\r\n");
	text_from(&bed, bed.client, "250 2.0.0 Ok\r\n");
	for (int i = 0; i < CLIENTS; i++) {
		fd_close(&clients[i]);
		expect_lost(&bed, servers[i]);
		fd_close(&servers[i]);
	}
	stop(&bed);
}

static void add_long_reply(struct buf *out)
{
	static const char text[] = "a server may say much about a recipient";

	for (size_t i = 0; i < LONG_REPLY_BYTES / sizeof(text); i++)
		buf_addf(out, "250-2.1.5 %s\r\n", text);
	buf_add_str(out, "250 2.1.5 Ok\r\n");
}

/* Bytes that have reached the client and that it has not read. */
static size_t unread_bytes(const struct bed *bed)
{
	int n = 0;

	if (ioctl(bed->client, FIONREAD, &n) < 0)
		fail(bed, strerror(errno), SLICE_NONE);
	return (size_t)n;
}

/* Replies that nobody reads, until the program has to keep some. */
static void fill_with_replies(struct bed *bed, struct buf *replies)
{
	static const char line[] = "RCPT TO:<b@y.test>\r\n";
	AUTO_BUF struct buf reply = BUF_INIT(TEXT_MAX_BYTES);

	add_long_reply(&reply);
	for (int i = 0; replies->len < unread_bytes(bed) + KEPT_BYTES; i++) {
		if (i == RECIPIENTS)
			fail(bed, "all replies leave", SLICE_NONE);
		text_to(bed, bed->client, line);
		/* When it is here, the reply before it has been handled. */
		text_from(bed, bed->server, line);
		send_all(bed, bed->server, buf_slice(&reply));
		buf_add_slice(replies, buf_slice(&reply));
	}
}

/* What was judged is what leaves, even if the client reads nothing. */
static void play_unread(const char *program)
{
	AUTO_BUF struct buf message = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf replies = BUF_INIT(TEXT_MAX_BYTES);
	struct bed bed;

	prepare(&bed, program);
	start(&bed);
	do_open(&bed);
	AUTO_CLOSE int other = take_fd(&bed.client);
	do_open(&bed);
	text_to(&bed, bed.client,
		"MAIL FROM:<a@x.test>\r\n"
		"RCPT TO:<b@y.test>\r\n");
	do_relay(&bed);
	text_from(&bed, bed.server,
		"MAIL FROM:<a@x.test>\r\n"
		"RCPT TO:<b@y.test>\r\n");
	text_to(&bed, bed.server, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	buf_add_str(&replies, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	bed.where = "replies that are not read";
	fill_with_replies(&bed, &replies);
	buf_add_str(&message, "DATA\r\n");
	add_message(&message, SLICE("a@x.test"));
	send_all(&bed, bed.client, buf_slice(&message));
	text_from(&bed, bed.server, "DATA\r\n");
	buf_consume(&message, strlen("DATA\r\n"));
	text_to(&bed, bed.server, "354 go\r\n");
	buf_add_str(&replies, "354 go\r\n");
	/* The program has seen that, once others were served twice. */
	for (int i = 0; i < 2; i++) {
		text_to(&bed, other, "NOOP\r\n");
		text_from(&bed, other, "250 2.0.0 Ok\r\n");
	}
	expect(&bed, bed.client, buf_slice(&replies));
	expect(&bed, bed.server, buf_slice(&message));
	text_to(&bed, bed.server, "250 2.0.0 Ok\r\n");
	text_from(&bed, bed.client, "250 2.0.0 Ok\r\n");
	stop(&bed);
}

static const struct {
	const char *name;
	void (*play)(const char *program);
} cases[] = {
	{ "hostile", play_hostile },
	{ "many", play_many },
	{ "unread", play_unread },
};

static void play_case(const char *program, const char *folder, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (strcmp(name, cases[i].name) == 0) {
			cases[i].play(program);
			return;
		}
	AUTO_FREE char *path = xasprintf("%s/%s.dialogue", folder, name);
	play_dialogue(program, path);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die("usage: filtermail PROGRAM FOLDER CASE");
	play_case(argv[1], argv[2], argv[3]);
	return 0;
}
