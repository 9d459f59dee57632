/*
 * hash.h - a password as its file keeps it: {SHA512-CRYPT} and what crypt(3)
 * makes of it with a salt drawn at random. Making and checking take some
 * milliseconds of CPU; any thread may do them.
 */
#ifndef CHATMAILD_DOVEAUTH_HASH_H
#define CHATMAILD_DOVEAUTH_HASH_H

#include "lib/buf.h"

/* Appends it. */
int hash_password(
	const char *password, struct buf *out, struct buf *why) MUST_CHECK;

/*
 * 1: this is the password that a file keeps as `stored`; 0: it is not;
 * -EINVAL: `stored` is of a scheme that crypt(3) does not know.
 */
int hash_check(const char *password, const char *stored) MUST_CHECK;

#endif
