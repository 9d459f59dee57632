/*
 * pair.h - somebody who waits for mail by IMAP IDLE, and somebody who sends
 * it to them over one SMTP connection.
 *
 * Functions return 0 or a negative errno; the reason is in p->why.
 */
#ifndef CMDEPLOY_PROBE_PAIR_H
#define CMDEPLOY_PROBE_PAIR_H

#include "cmdeploy/probe/mail.h"

struct pair {
	struct mail waiter, sender;
	const struct probe_account *from, *to;
	size_t bytes; /* of a message; 0: some hundred */
};

#define AUTO_PAIR __attribute__((cleanup(pair_release)))
#define PAIR_NONE ((struct pair){ .waiter = MAIL_NONE, .sender = MAIL_NONE })

/* The accounts of two roles log in; the waiter's INBOX is emptied. */
int pair_open(struct probe_relay *p, const char *from, const char *to,
	struct pair *ret_pair) MUST_CHECK;
/* Sends one message; where a rate limit stops it, later (letter.h). */
int pair_send(struct probe_relay *p, struct pair *pair) MUST_CHECK;
/* The waiter hears that n messages are there. 0, or -ETIMEDOUT. */
int pair_hear(struct probe_relay *p, struct pair *pair, int n) MUST_CHECK;
/* Ends IDLE and reads these messages whole, "7" or "1:10". */
int pair_read(
	struct probe_relay *p, struct pair *pair, const char *set) MUST_CHECK;
/* Waits again, after pair_read(). */
int pair_idle(struct probe_relay *p, struct pair *pair) MUST_CHECK;
/* Everything that was sent is deleted. */
int pair_end(struct probe_relay *p, struct pair *pair) MUST_CHECK;
/* Accepts PAIR_NONE. */
void pair_release(struct pair *pair);

#endif
