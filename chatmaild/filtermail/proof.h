/*
 * proof.h - does a message come from where its From field says?
 *
 * A domain proves it by a DKIM signature of its own, a relay that is named
 * by an address by sending from there. Keys are asked for once the header
 * is over, while the body flows.
 */
#ifndef CHATMAILD_FILTERMAIL_PROOF_H
#define CHATMAILD_FILTERMAIL_PROOF_H

#include "chatmaild/filtermail/filter.h"
#include "chatmaild/filtermail/keys.h"
#include "mail/dkim/dkim.h"

struct proof;

/* What was waited for is known. */
typedef void proof_ready_fn(void *owner);

struct proof *proof_new(
	const struct filter *filter, proof_ready_fn *on_ready, void *owner);
void proof_free(struct proof *p); /* accepts NULL */

/*
 * The next piece of the message, for the scan as well. false: there will be
 * no proof; *reply says why.
 */
bool proof_feed(struct proof *p, struct message_scan *scan, struct slice client,
	struct slice piece, struct buf *reply) MUST_CHECK;

/* The message is over; what the last piece left open begins now. */
bool proof_end(struct proof *p, struct message_scan *scan, struct slice client,
	struct buf *reply) MUST_CHECK;

/* Keys are still to come: on_ready will tell. */
bool proof_is_waiting(const struct proof *p);

/* After the end, when nothing is waited for. false as above. */
bool proof_judge(const struct proof *p, struct buf *reply) MUST_CHECK;

/* The domain is an address, and the message came from it. */
bool proof_is_by_address(const struct proof *p);

#endif
