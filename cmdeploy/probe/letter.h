/*
 * letter.h - messages with which a relay is tried, and sending them. What
 * is "sealed" has the form of an encrypted message (random bytes in the
 * packets of RFC 9580), so that a relay takes it and no person can read it.
 */
#ifndef CMDEPLOY_PROBE_LETTER_H
#define CMDEPLOY_PROBE_LETTER_H

#include "cmdeploy/probe/mail.h"

struct letter {
	const char *from; /* of its header */
	const char *to;
	const char *subject; /* NULL: [...] */
	const char *headers; /* more of them, each ended by CRLF; or NULL */
	const char *id; /* before the "@" of its Message-ID; NULL: random */
	bool is_clear;  /* a sentence that anybody can read */
	size_t bytes;   /* of the whole; 0: some hundred */
};

/* Lines end in CRLF, and none begins with a dot. */
void letter_add(struct buf *out, const struct letter *letter);

/*
 * One transaction: the code of the reply to its end, or to what was refused
 * before it; m->said has the text.
 */
int letter_send(struct mail *m, const char *sender, const char *recipient,
	const struct letter *letter, struct buf *why) MUST_CHECK;
/*
 * By somebody with an account, of themselves; it has to be accepted. When
 * the rate limit stops them, they wait until they may send again.
 */
int letter_deliver(struct mail *m, const char *sender, const char *recipient,
	const struct letter *letter, struct buf *why) MUST_CHECK;

#endif
