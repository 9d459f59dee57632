/*
 * serve.h - a small HTTP server on loopback, for one person at work on the
 * pages (RFC 9112; each answer ends its connection).
 *
 * A page that asks for SERVE_CHANGES gets a stream (text/event-stream)
 * that says when something has changed.
 */
#ifndef CMDEPLOY_WEBDEV_SERVE_H
#define CMDEPLOY_WEBDEV_SERVE_H

#include <systemd/sd-event.h>

#include "lib/buf.h"

#define SERVE_CHANGES "/-/changes"

enum {
	SERVE_REQUEST_MAX_BYTES = 65536,
	SERVE_ANSWER_MAX_BYTES = 64 << 20,
	SERVE_CLIENTS_MAX = 200,
};

struct serve_request {
	struct slice method;
	const char *path; /* decoded, without the query; begins with "/" */
};

struct serve_answer {
	int status; /* 200, 404 or 405 */
	const char *type;
	struct buf body;
};

typedef void (*serve_fn)(const struct serve_request *request,
	struct serve_answer *answer, void *owner);

struct serve;

/* Listens on 127.0.0.1; port 0: one that is free. */
int serve_new(sd_event *event, unsigned port, serve_fn fn, void *owner,
	struct serve **ret_serve, struct buf *why) MUST_CHECK;
unsigned serve_port(const struct serve *serve);
/* To all who listen for changes. */
void serve_tell_change(struct serve *serve);
void serve_free(struct serve *serve);

#endif
