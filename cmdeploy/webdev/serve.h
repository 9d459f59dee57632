/*
 * serve.h - the pages of a project by HTTP on loopback, for one person who
 * works on them: as the relay will show them, or why they cannot be built.
 *
 * A script that is added to each page asks for /-/changes, a stream
 * (text/event-stream) that says when something has changed.
 */
#ifndef CMDEPLOY_WEBDEV_SERVE_H
#define CMDEPLOY_WEBDEV_SERVE_H

#include "cmdeploy/webdev/project.h"

struct serve;

/*
 * Listens on 127.0.0.1; port 0: one that is free. The project may change
 * between calls. -EADDRINUSE when the port is taken.
 */
int serve_new(const struct project *project, unsigned port,
	struct serve **ret_serve, struct buf *why) MUST_CHECK;
unsigned serve_port(const struct serve *serve);
/* Answers what comes within so many milliseconds. */
void serve_run(struct serve *serve, int msec);
/* To all pages that wait for changes. */
void serve_tell_change(struct serve *serve);
void serve_free(struct serve *serve);

#endif
