/*
 * url.h - URLs as text (RFC 3986).
 */
#ifndef LIB_URL_H
#define LIB_URL_H

#include "lib/buf.h"

/*
 * The password in "rest:https://user:password@host/"; empty when there is
 * none. Of a text that is not well-formed it may be more than the password,
 * never less.
 */
struct slice url_password(struct slice text);

/* Appends a text with "***" in place of each `secret`; empty: there is none. */
void url_add_masked(struct buf *out, struct slice text, struct slice secret);

#endif
