/*
 * transaction.h - one message: its envelope, the scan of its bytes, and
 * in the end the verdict. No I/O.
 */
#ifndef CHATMAILD_FILTERMAIL_TRANSACTION_H
#define CHATMAILD_FILTERMAIL_TRANSACTION_H

#include "chatmaild/filtermail/filter.h"

struct transaction {
	const struct filter *filter;
	struct buf opening; /* XFORWARD, MAIL and one RCPT, in lines */
	struct buf sender;
	struct buf recipient; /* awaits its reply */
	struct buf strict;    /* the first that may not get cleartext */
	struct message_scan scan;
	uint64_t size; /* bytes of the message so far */
	unsigned n_recipients;
	bool has_bad_recipient; /* one was refused by us */
	bool is_counted;        /* among the messages that were filtered */
	/* The verdict, once it is known to be no. */
	const char *reason; /* a word for the log, or NULL */
	struct buf refusal; /* the reply */
};

struct transaction *transaction_new(const struct filter *filter);
void transaction_free(struct transaction *t); /* accepts NULL */

void transaction_set_sender(struct transaction *t, struct slice sender);
/*
 * false, and the reply: this recipient is refused. One that is not waits
 * for what the server says of it.
 */
bool transaction_offer_recipient(struct transaction *t, struct slice recipient,
	struct buf *reply) MUST_CHECK;
void transaction_take_recipient(struct transaction *t);

/* A piece of the message. false: it is refused, and why is known. */
bool transaction_feed(struct transaction *t, struct slice piece) MUST_CHECK;
/* The message is over: may it pass? */
bool transaction_judge(struct transaction *t) MUST_CHECK;

/* What came in is so much too large that reading on makes no sense. */
bool transaction_is_flood(const struct transaction *t);

/* Refuses with a reply, unless it is refused already. */
void transaction_refuse(
	struct transaction *t, const char *reason, struct slice reply);

#endif
