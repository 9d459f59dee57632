/*
 * strict.h - who of the recipients of a message takes encrypted mail only?
 *
 * A file in the folder of an account says so; doveauth sees it, and is asked
 * over a connection of the message's own, while the message flows.
 */
#ifndef CHATMAILD_FILTERMAIL_STRICT_H
#define CHATMAILD_FILTERMAIL_STRICT_H

#include <systemd/sd-event.h>

#include "lib/addr.h"
#include "lib/buf.h"

enum {
	/* Beyond, it is not known. A sender waits for it with its final dot. */
	STRICT_SEC = 10,
	/* Questions about so many recipients as a message can have. */
	STRICT_MAX_BYTES = 262144,
};

struct strict;

/* `accounts` is where doveauth listens; on_ready: nothing is waited for. */
struct strict *strict_new(sd_event *event, const struct addr *accounts,
	void (*on_ready)(void *owner), void *owner);
void strict_free(struct strict *s); /* accepts NULL */

/* One more recipient. What becomes of it shows later, from the loop. */
void strict_ask(struct strict *s, struct slice recipient);

bool strict_is_waiting(const struct strict *s);

/*
 * When nothing is waited for: 1 and the first who takes encrypted mail only;
 * 0 when there is none; -EAGAIN when it cannot be known now.
 */
int strict_answer(
	const struct strict *s, struct slice *ret_recipient) MUST_CHECK;

#endif
