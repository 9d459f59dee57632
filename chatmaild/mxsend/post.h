/*
 * post.h - one message on its way to another relay: POST /mxdeliv over
 * HTTPS, on a connection that is kept for the next one.
 *
 * The message is sent while it comes in. A host that cannot be reached costs
 * nothing but time: the next one gets it. on_room and on_reply are called
 * from the event loop, on_reply once, maybe before the message's end. A post
 * that is freed before its end leaves no message behind.
 */
#ifndef CHATMAILD_MXSEND_POST_H
#define CHATMAILD_MXSEND_POST_H

#include "chatmaild/mxsend/peers.h"
#include "lib/buf.h"

enum {
	/* From the beginning to the answer. */
	POST_SEC = 120,
	/* Of the message, waiting to be sent; beyond the half it is full. */
	POST_HELD_MAX_BYTES = 262144,
	POST_ANSWER_MAX_BYTES = 4096,
};

struct post;

struct post_ops {
	void (*on_room)(void *owner);
	/*
	 * What SMTP says: 250, the refusal of the other relay, or 451 where
	 * it did not speak for itself.
	 */
	void (*on_reply)(void *owner, struct slice reply);
};

/* `sender` may be empty; `recipients` are lines "X-Mail-To: ADDRESS". */
struct post *post_new(struct curl_loop *curl, struct peer *peer,
	const char *host, struct slice sender, struct slice recipients,
	const struct post_ops *ops, void *owner);
void post_free(struct post *post); /* accepts NULL */

void post_add(struct post *post, struct slice piece);
bool post_is_full(const struct post *post);
/* The message is whole. */
void post_end(struct post *post);

#endif
