/*
 * meters.h - how often something happened lately, for each of very many
 * keys (addresses of users or networks), in memory of a fixed size.
 *
 * Keys are kept as hashes with a secret that is new at each start, so that
 * nobody can choose keys that push out each other. Where too many fall
 * together, the one that began first is forgotten.
 */
#ifndef CHATMAILD_DOVEAUTH_METERS_H
#define CHATMAILD_DOVEAUTH_METERS_H

#include <stdint.h>

#include "lib/slice.h"
#include "lib/util.h"

struct meters;

/* A count ends `window_sec` after it began. */
struct meters *meters_new(uint32_t window_sec);
void meters_free(struct meters *meters); /* accepts NULL */

/* `now` is seconds of a clock that never goes back. */
uint32_t meters_count(
	const struct meters *meters, struct slice key, uint32_t now);
void meters_add(struct meters *meters, struct slice key, uint32_t now);
/* Takes one back. */
void meters_sub(struct meters *meters, struct slice key, uint32_t now);
void meters_reset(struct meters *meters, struct slice key);

#endif
