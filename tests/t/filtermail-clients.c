/* Implements filtermail-clients.h. */
#include "tests/t/filtermail-clients.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/t/filtermail-bed.h"

enum {
	CLIENTS = 200,
	HOSTILE_ROUNDS = 300,
	HOSTILE_BYTES = 4000,
	LONG_REPLY_BYTES = 1500,
	RECIPIENTS = 900,
	KEPT_BYTES = 12000,
};

/* Whatever a client says, the next one is served. */
void play_hostile(const char *program)
{
	static const char *const words[] = { "EHLO a\r\n", "MAIL FROM:<",
		"a@x.test>", "RCPT TO:<", "DATA\r\n", ".\r\n", "\r\n", "\n",
		"\r", "RSET\r\n", "XFORWARD NAME=", "QUIT\r\n", " SIZE=1", "\0",
		"NOOP\r\n", "\xff" };
	struct bed bed;

	bed_prepare(&bed, program);
	bed_start(&bed);
	for (int i = 0; i < HOSTILE_ROUNDS; i++) {
		AUTO_BUF struct buf text = BUF_INIT(65536);
		char discard[4096];
		bed_connect(&bed);
		while (text.len < HOSTILE_BYTES)
			buf_add_str(&text,
				words[arc4random_uniform(ARRAY_LEN(words))]);
		/* The other side may end it at any byte. */
		ssize_t n = send(bed.client, text.ptr,
			arc4random_uniform(HOSTILE_BYTES), MSG_NOSIGNAL);
		if (n > 0 && i % 2)
			n = recv(bed.client, discard, sizeof(discard), 0);
		bed_leave(&bed);
	}
	bed.where = "after hostile clients";
	bed_open(&bed);
	bed_text_to(&bed, bed.client, "QUIT\r\n");
	bed_text_from(&bed, bed.client, "221 2.0.0 Bye\r\n");
	bed_end(&bed);
	bed_stop(&bed);
}

static int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* A message passes while many others wait in the middle of theirs. */
void play_many(const char *program)
{
	struct slice from = SLICE("a@x.test");
	int clients[CLIENTS];
	int servers[CLIENTS];
	struct bed bed;

	bed_prepare(&bed, program);
	buf_add_str(&bed.ini, "max_user_send_per_minute = 100000\n");
	bed_start(&bed);
	for (int i = 0; i < CLIENTS; i++) {
		bed_open(&bed);
		bed_mail(&bed, from, SLICE("b@y.test"));
		bed_text_to(&bed, bed.client, "From: <a@x.test>\r\n");
		bed_text_from(&bed, bed.server, "From: <a@x.test>\r\n");
		clients[i] = take_fd(&bed.client);
		servers[i] = take_fd(&bed.server);
	}
	bed.where = "one among many";
	bed_open(&bed);
	bed_mail(&bed, from, SLICE("b@y.test"));
	bed_message(&bed, from, false);
	bed_message(&bed, from, true);
	bed_text_to(&bed, bed.server, "250 2.0.0 Ok\r\n");
	bed_text_from(&bed, bed.client, "250 2.0.0 Ok\r\n");
	for (int i = 0; i < CLIENTS; i++) {
		fd_close(&clients[i]);
		bed_expect_lost(&bed, servers[i]);
		fd_close(&servers[i]);
	}
	bed_stop(&bed);
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
		bed_fail(bed, strerror(errno), SLICE_NONE);
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
			bed_fail(bed, "all replies leave", SLICE_NONE);
		bed_text_to(bed, bed->client, line);
		/* When it is here, the reply before it has been handled. */
		bed_text_from(bed, bed->server, line);
		bed_send_all(bed, bed->server, buf_slice(&reply));
		buf_add_slice(replies, buf_slice(&reply));
	}
}

/* What was judged is what leaves, even if the client reads nothing. */
void play_unread(const char *program)
{
	AUTO_BUF struct buf message = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf replies = BUF_INIT(TEXT_MAX_BYTES);
	struct bed bed;

	bed_prepare(&bed, program);
	bed_start(&bed);
	bed_open(&bed);
	AUTO_CLOSE int other = take_fd(&bed.client);
	bed_open(&bed);
	bed_text_to(&bed, bed.client,
		"MAIL FROM:<a@x.test>\r\n"
		"RCPT TO:<b@y.test>\r\n");
	bed_relay(&bed);
	bed_text_from(&bed, bed.server,
		"MAIL FROM:<a@x.test>\r\n"
		"RCPT TO:<b@y.test>\r\n");
	bed_text_to(&bed, bed.server, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	buf_add_str(&replies, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	bed.where = "replies that are not read";
	fill_with_replies(&bed, &replies);
	buf_add_str(&message, "DATA\r\n");
	bed_add_message(&message, SLICE("a@x.test"));
	bed_send_all(&bed, bed.client, buf_slice(&message));
	bed_text_from(&bed, bed.server, "DATA\r\n");
	buf_consume(&message, strlen("DATA\r\n"));
	bed_text_to(&bed, bed.server, "354 go\r\n");
	buf_add_str(&replies, "354 go\r\n");
	/* The program has seen that, once others were served twice. */
	for (int i = 0; i < 2; i++) {
		bed_text_to(&bed, other, "NOOP\r\n");
		bed_text_from(&bed, other, "250 2.0.0 Ok\r\n");
	}
	bed_expect(&bed, bed.client, buf_slice(&replies));
	bed_expect(&bed, bed.server, buf_slice(&message));
	bed_text_to(&bed, bed.server, "250 2.0.0 Ok\r\n");
	bed_text_from(&bed, bed.client, "250 2.0.0 Ok\r\n");
	bed_stop(&bed);
}
