/*
 * pending.h - which tokens a notification waits for, so that one user
 * cannot make a flood of them: a token has one waiting notification at most,
 * which stands for all messages since; it is posted once a second at most;
 * and a user has PENDING_USER_MAX that wait, whatever their tokens are.
 *
 * Only digests are kept. Notifications of an earlier process are not known
 * here; they are few, and do not come back. Time is passed in, in
 * microseconds of a clock that never goes back.
 */
#ifndef CHATMAILD_METADATA_PENDING_H
#define CHATMAILD_METADATA_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/slice.h"

enum {
	/* Of one user; beyond, new ones are dropped. */
	PENDING_USER_MAX = 100,
	/* Between two posts of a token. */
	PENDING_REST_USEC = 1000000,
};

struct pending;

struct pending *pending_new(void);
void pending_free(struct pending *pending); /* accepts NULL */

/* Digests of a user and of a token of theirs; zeroed: not known. */
struct pending_key {
	uint64_t user, token;
};

struct pending_key pending_key(const struct pending *pending,
	struct slice user, struct slice token);

enum pending_room {
	PENDING_ROOM,
	PENDING_WAITS, /* one does already, and stands for this one, too */
	PENDING_FULL,  /* the user has no room for more */
};

enum pending_room pending_room(
	const struct pending *pending, struct pending_key key);

/* One waits from now on; returns the time from which it may be posted. */
uint64_t pending_add(
	struct pending *pending, struct pending_key key, uint64_t now);
/* It waits no more: it is posted now, or gone. */
void pending_remove(
	struct pending *pending, struct pending_key key, uint64_t now);

#endif
