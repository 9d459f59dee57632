/*
 * password.h - a password as its file keeps it: {SHA512-CRYPT} and what
 * crypt(3) makes of it with a salt drawn at random. That takes some
 * milliseconds of CPU; any thread may do it. Who uses it links libcrypt.
 */
#ifndef CHATMAILD_COMMON_PASSWORD_H
#define CHATMAILD_COMMON_PASSWORD_H

#include "lib/buf.h"

/* Appends it. */
int password_hash(
	const char *password, struct buf *out, struct buf *why) MUST_CHECK;

#endif
