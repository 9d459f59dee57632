/*
 * https.h - a client that posts many small bodies to one URL, on the
 * event loop, through libcurl: HTTP/2 multiplexed on one connection,
 * HTTP/1.1 on a few where the server has no more (RFC 9110, 9113).
 *
 * The server's certificate is checked against the machine's authorities,
 * or those in the file that the environment variable SSL_CERT_FILE names.
 * Redirects are not followed, no proxy is used, bodies of answers are
 * read and dropped. The URL may be http:// as well (HTTP/1.1 only).
 *
 * Not a part of the common library: link https_dep.
 */
#ifndef LIB_HTTPS_H
#define LIB_HTTPS_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "lib/buf.h"

struct https;

enum {
	/* Requests on the HTTP/2 connection at once. */
	HTTPS_STREAMS_MAX = 100,
	/* Connections to a server that has HTTP/1.1 only. */
	HTTPS_CONNECTIONS_MAX = 16,
	/* Of an answer's body; beyond: no more is read. */
	HTTPS_ANSWER_MAX_BYTES = 1 << 16,
};

struct https_answer {
	int status;           /* 200, 404 ...; 0: there was no answer */
	const char *failure;  /* why there was none, for the log */
	bool is_unreachable;  /* no connection could be made */
	bool is_timeout;      /* nothing came in time */
	bool is_lost;         /* the connection ended before the answer */
	long retry_after_sec; /* what a 429 or 503 asks for; else 0 */
};

typedef void (*https_done_fn)(const struct https_answer *answer, void *owner);

/*
 * `timeout_sec` is for a whole request. -EINVAL with a reason for a URL
 * that nothing can be posted to.
 */
int https_new(sd_event *event, const char *url, unsigned timeout_sec,
	struct https **ret_https, struct buf *why) MUST_CHECK;
/* Drops what is under way, without calling back. Accepts NULL. */
void https_free(struct https *https);

/*
 * How many more requests may be begun now: one until the first answer
 * tells which HTTP the server speaks.
 */
size_t https_room(const struct https *https);

/*
 * Begins a request; `body` must stay until done() is called, from the
 * event loop, exactly once. done() may begin others. With `is_fresh` it
 * goes out on a new connection.
 */
int https_post(struct https *https, struct slice body, bool is_fresh,
	https_done_fn done, void *owner) MUST_CHECK;

#endif
