/*
 * hash.h - whether a password is the one whose hash a file keeps. That takes
 * some milliseconds of CPU; any thread may do it.
 */
#ifndef CHATMAILD_DOVEAUTH_HASH_H
#define CHATMAILD_DOVEAUTH_HASH_H

#include "lib/util.h"

/*
 * 1: this is the password that a file keeps as `stored`; 0: it is not;
 * -EINVAL: `stored` is of a scheme that crypt(3) does not know.
 */
int hash_check(const char *password, const char *stored) MUST_CHECK;

#endif
