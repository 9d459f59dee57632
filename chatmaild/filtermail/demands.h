/*
 * demands.h - which recipient of a message demands encryption?
 *
 * A file in the folder of an account says so; doveauth sees it, and is asked
 * over a connection of the message's own, while the message flows.
 */
#ifndef CHATMAILD_FILTERMAIL_DEMANDS_H
#define CHATMAILD_FILTERMAIL_DEMANDS_H

#include <systemd/sd-event.h>

#include "lib/addr.h"
#include "lib/buf.h"

enum {
	/* Beyond, it is not known. A sender waits for it with its final dot. */
	DEMANDS_SEC = 10,
	/* Questions about so many recipients as a message can have. */
	DEMANDS_MAX_BYTES = 262144,
};

struct demands;

/* `accounts` is where doveauth listens; on_ready: nothing is waited for. */
struct demands *demands_new(sd_event *event, const struct addr *accounts,
	void (*on_ready)(void *owner), void *owner);
void demands_free(struct demands *d); /* accepts NULL */

/* One more recipient. What becomes of it shows later, from the loop. */
void demands_ask(struct demands *d, struct slice recipient);

bool demands_is_waiting(const struct demands *d);

/*
 * When nothing is waited for: 1 and the first who demands encryption;
 * 0 when there is none; -EAGAIN when it cannot be known now.
 */
int demands_answer(
	const struct demands *d, struct slice *ret_recipient) MUST_CHECK;

#endif
