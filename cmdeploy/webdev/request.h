/*
 * request.h - the head of an HTTP request (RFC 9112), of which its first line
 * is all that counts. Pure.
 */
#ifndef CMDEPLOY_WEBDEV_REQUEST_H
#define CMDEPLOY_WEBDEV_REQUEST_H

#include "lib/buf.h"

struct request {
	struct slice method, target; /* views into what was parsed */
	size_t len;                  /* of the head, with its empty line */
};

/* 1; 0: the head has not come to its end; -EBADMSG: it is none. */
int request_parse(struct slice in, struct request *ret_request) MUST_CHECK;

/*
 * Appends the path of a target: without the query, and with %XX decoded.
 * False for what no file can be called: no "/" at its beginning, a NUL, two
 * digits that are none.
 */
bool request_add_path(struct slice target, struct buf *out);

#endif
