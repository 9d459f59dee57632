/*
 * creation.h - accounts on their way into being.
 *
 * An account that logs in for the first time is hashed and written to the
 * disk on one of some threads, which give way to everything else. Requests
 * for an address that is on its way wait for it, and all get the hash that
 * won: whoever asked has to compare the password that they were given.
 */
#ifndef CHATMAILD_DOVEAUTH_CREATION_H
#define CHATMAILD_DOVEAUTH_CREATION_H

#include <systemd/sd-event.h>

#include "chatmaild/common/counters.h"
#include "chatmaild/common/user.h"
#include "lib/slice.h"

struct creations;

/* What doveauth counts, in the order of its names (main.c). */
enum doveauth_counter {
	COUNT_CREATED,
	COUNT_REFUSED_RULES,
	COUNT_REFUSED_MACHINE,
	COUNT_REFUSED_NETWORK,
	COUNT_REFUSED_FAILED,
};

/*
 * How one ended; `stored` is {SHA512-CRYPT}..., or empty on failure. Whoever
 * began it need not be asked for the password again: `is_theirs`.
 */
typedef void (*creation_done_fn)(
	void *waiter, struct slice stored, bool is_theirs);

/* `users` has to outlive it. */
int creations_new(sd_event *event, const struct users *users,
	creation_done_fn done, struct creations **ret_creations) MUST_CHECK;
/* Counts what becomes of them; NULL: no more. */
void creations_count(struct creations *creations, struct counters *counters);
/* Finishes what runs, drops what waits; all are told. Accepts NULL. */
void creations_free(struct creations *creations);

/* Waits for the address if it is on its way: false when it is not. */
bool creations_join(
	struct creations *creations, struct slice address, void *waiter);
/* Begins; -EAGAIN when too many wait already. */
int creations_begin(struct creations *creations, struct slice address,
	struct slice password, void *waiter) MUST_CHECK;

#endif
