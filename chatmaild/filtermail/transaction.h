/*
 * transaction.h - one message: its envelope, the scan of its bytes, and
 * in the end the verdict. No I/O.
 */
#ifndef CHATMAILD_FILTERMAIL_TRANSACTION_H
#define CHATMAILD_FILTERMAIL_TRANSACTION_H

#include "chatmaild/filtermail/demands.h"
#include "chatmaild/filtermail/proof.h"

struct transaction {
	const struct filter *filter;
	struct buf opening;    /* XFORWARD, MAIL and one RCPT, in lines */
	struct buf mail;       /* incoming: the MAIL command */
	struct buf recipients; /* incoming: the RCPT commands */
	struct buf sender;
	struct buf recipient; /* awaits its reply */
	struct buf demanding; /* the first that may not get cleartext */
	struct buf client;    /* its address, as XFORWARD has it */
	struct message_scan scan;
	struct proof *proof; /* incoming: where it comes from */
	/* Incoming, without filter_incoming. */
	struct demands *demands;
	uint64_t size; /* bytes of the message so far */
	unsigned n_recipients;
	bool has_others;        /* recipients that are not the sender */
	bool has_bad_recipient; /* one was refused by us */
	bool is_counted;        /* among the messages that were filtered */
	/* The verdict, once it is known to be no. */
	enum reason reason;
	struct buf refusal; /* the reply */
};

/* on_ready is for transaction_is_waiting(). */
struct transaction *transaction_new(
	const struct filter *filter, proof_ready_fn *on_ready, void *owner);
void transaction_free(struct transaction *t); /* accepts NULL */

/* An XFORWARD command. */
void transaction_set_client(struct transaction *t, struct slice line);
void transaction_set_sender(struct transaction *t, struct slice sender);
/*
 * false, and the reply: this recipient is refused. One that is not waits
 * for what the server says of it.
 */
bool transaction_offer_recipient(struct transaction *t, struct slice recipient,
	struct buf *reply) MUST_CHECK;
void transaction_take_recipient(struct transaction *t);

/*
 * Incoming, where nothing is said to the server before the header is over:
 * takes a RCPT command, unless it is one too many; the reply.
 */
struct slice transaction_keep_recipient(
	struct transaction *t, struct slice line) MUST_CHECK;
/*
 * What is said to the server then, in t->opening. An envelope sender who is
 * not the one in From, which is proven, becomes the null sender: nobody is
 * sent a bounce of what they did not write.
 */
void transaction_make_opening(struct transaction *t);

/* A piece of the message. false: it is refused, and why is known. */
bool transaction_feed(struct transaction *t, struct slice piece) MUST_CHECK;
/* The message is over. */
void transaction_end(struct transaction *t);
/* It cannot be judged yet. */
bool transaction_is_waiting(const struct transaction *t);
/* After the end: may it pass? */
bool transaction_judge(struct transaction *t) MUST_CHECK;

/* What came in is so much too large that reading on makes no sense. */
bool transaction_is_flood(const struct transaction *t);

/* Refuses with a reply, unless it is refused already. */
void transaction_refuse(
	struct transaction *t, enum reason reason, struct slice reply);

#endif
