/*
 * scrub.h - a line of a log without what it tells about people.
 *
 * What goes: the part before the "@" of mail addresses (and the same word
 * where it stands again later in the line: a server may say "no such user
 * anna"), IP addresses, the name by which a client greeted, and message ids.
 * What stays is what an operator needs: names of servers, queue ids, status
 * codes and reasons.
 *
 *   to=<anna@example.org>, relay=example.org[192.0.2.1]:25, status=...
 *   to=<*@example.org>, relay=example.org[IP]:25, status=...
 */
#ifndef CHATMAILD_LOG_SCRUB_H
#define CHATMAILD_LOG_SCRUB_H

#include <stdbool.h>

#include "lib/buf.h"

/*
 * Appends what may be kept of `line` (which has no LF); control bytes
 * become "?". `own` is an IP address that stays: that of the relay itself;
 * "" when there is none. false, and nothing appended, when the line is not
 * to be kept at all: Postfix telling which subject it replaced.
 */
bool scrub_line(
	struct slice line, struct slice own, struct buf *out) MUST_CHECK;

#endif
