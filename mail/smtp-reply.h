/*
 * smtp-reply.h - the client's side: replies of one or many lines (RFC
 * 5321 section 4.2) taken out of a stream, and what an EHLO reply offers.
 */
#ifndef MAIL_SMTP_REPLY_H
#define MAIL_SMTP_REPLY_H

#include "lib/slice.h"
#include "lib/util.h"

enum {
	SMTP_REPLY_MAX_BYTES = 16384, /* all lines of one reply */
};

struct smtp_reply {
	int code;          /* 200 to 599 */
	struct slice text; /* as it came: all lines, each with its CRLF */
};

/*
 * The first reply in `in`: how many bytes it takes, 0 when its end has
 * not come yet, -EPROTO for what is not a reply: a line without a code or
 * with another code than the one before, a bare CR or LF, control bytes,
 * or more than SMTP_REPLY_MAX_BYTES.
 */
ssize_t smtp_reply_parse(
	struct slice in, struct smtp_reply *ret_reply) MUST_CHECK;

enum smtp_extension {
	SMTP_PIPELINING = 1 << 0,
	SMTP_XFORWARD_OK = 1 << 1,
	SMTP_8BITMIME = 1 << 2,
	SMTP_SMTPUTF8 = 1 << 3,
};

/* The extensions that the lines of an EHLO reply name, as bits. */
unsigned smtp_reply_extensions(const struct smtp_reply *reply);

#endif
