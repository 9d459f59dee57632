/*
 * verified.h - remembers passwords that were found right, so that who comes
 * back costs no crypt(3).
 *
 * What is kept of a user is a keyed hash over the user, the password and
 * the password file, under a key that is drawn at the start and never
 * leaves the process. Whoever changes the password file ends it. Memory is
 * bounded: users who fall together push out each other.
 */
#ifndef CHATMAILD_DOVEAUTH_VERIFIED_H
#define CHATMAILD_DOVEAUTH_VERIFIED_H

#include "lib/slice.h"
#include "lib/util.h"

struct verified;

struct verified *verified_new(void);
void verified_free(struct verified *verified); /* wipes; accepts NULL */

/* `stored` is what the password file says. */
bool verified_has(const struct verified *verified, struct slice user,
	struct slice password, struct slice stored);
void verified_add(struct verified *verified, struct slice user,
	struct slice password, struct slice stored);

#endif
