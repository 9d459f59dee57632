/*
 * policy.h - which mail may pass: this product's rules over what the
 * envelope says and what the scanner of mail/scan.h found.
 *
 * Outgoing: the From field must be exactly one address, the envelope's
 * sender. Then what is encrypted, a SecureJoin request, from a
 * passthrough sender, to nobody but recipients that may get cleartext, or
 * an Autocrypt Setup Message to oneself.
 * Incoming, with filter_incoming, for a recipient who demands it, or where no
 * signature vouches for the sender: what is encrypted, a SecureJoin request,
 * or a bounce; all else otherwise.
 */
#ifndef CHATMAILD_COMMON_POLICY_H
#define CHATMAILD_COMMON_POLICY_H

#include <stdbool.h>

#include "chatmaild/common/config.h"
#include "mail/scan.h"

enum policy_direction {
	POLICY_OUTGOING,
	POLICY_INCOMING,
};

/* What is to be known of a message. */
struct policy_message {
	struct slice sender;
	/* The first that may not get cleartext; "" when there is none. */
	struct slice demanding_recipient;
	/* What the scanner says, after its end. */
	bool is_to_self;   /* the sender is the only recipient */
	struct slice from; /* "" when there is no usable one */
	enum reason fault; /* why it is not encrypted, or NONE */
	bool is_securejoin;
	bool is_bounce;
	bool is_by_address; /* nothing but the peer's address vouches for it */
	bool is_demanded;   /* by a recipient: encryption of incoming mail */
	bool is_setup;
	bool has_control;
};

/* Fills in what the scanner says; `scan` has ended and is not broken. */
void policy_message_scanned(struct policy_message *m,
	const struct message_scan *scan, enum policy_direction direction);

/*
 * NONE: it may pass. Else the reply, a line with its CRLF, is appended to
 * *reply.
 */
enum reason policy_judge(const struct config *config,
	enum policy_direction direction, const struct policy_message *m,
	struct buf *reply) MUST_CHECK;

/*
 * May get cleartext: those in passthrough_recipients. Never an address
 * with `%` or `!`, which a mail server may take for a route to somewhere
 * else.
 */
bool policy_takes_cleartext(
	const struct config *config, struct slice recipient);

/* The same manner, for a recipient that is not an address. */
enum reason policy_judge_recipient(
	struct slice recipient, struct buf *reply) MUST_CHECK;

/* The reply to a message over the rate. */
void policy_reply_rate(struct slice sender, struct buf *reply);

#endif
