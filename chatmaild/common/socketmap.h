/*
 * socketmap.h - the netstrings of Postfix's socketmap_table(5): requests
 * "NAME KEY" in one direction, "OK ...", "NOTFOUND " or "TEMP ..." in the
 * other.
 */
#ifndef CHATMAILD_COMMON_SOCKETMAP_H
#define CHATMAILD_COMMON_SOCKETMAP_H

#include "lib/buf.h"

enum {
	/* Of a text; an address has at most 254 bytes (RFC 5321, 4.5.3.1). */
	SOCKETMAP_MAX_BYTES = 2048,
	/* Of what may be unread at a time: more than one whole text. */
	SOCKETMAP_IN_MAX_BYTES = 2 * SOCKETMAP_MAX_BYTES,
};

/*
 * The next text of *rest, which then begins behind it: 1; 0 when it is not
 * all there; -EBADMSG when it is not a netstring, or too long.
 */
int socketmap_next(struct slice *rest, struct slice *ret_text) MUST_CHECK;

void socketmap_add(struct buf *out, struct slice text);

#endif
