/*
 * hash.h - a password as its file keeps it: {SHA512-CRYPT} and what crypt(3)
 * makes of it with a salt drawn at random. That takes a millisecond or two
 * of CPU; any thread may do it.
 */
#ifndef CHATMAILD_DOVEAUTH_HASH_H
#define CHATMAILD_DOVEAUTH_HASH_H

#include "lib/buf.h"

/* Appends it. */
int hash_password(
	const char *password, struct buf *out, struct buf *why) MUST_CHECK;

#endif
