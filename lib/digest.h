/*
 * digest.h - FNV-1a with 64 bits: spreads keys in a table, and finds out
 * whether something has changed. Whoever wants two texts with one digest
 * can make them.
 */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include <stdint.h>

#include "lib/slice.h"

static const uint64_t DIGEST_START = 0xcbf29ce484222325;

/* `byte` may be 256, which ends a text so that no other text ends. */
static inline uint64_t digest_byte(uint64_t digest, unsigned byte)
{
	return (digest ^ byte) * 0x100000001b3;
}

static inline uint64_t digest_add(uint64_t digest, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		digest = digest_byte(digest, (unsigned char)bytes.ptr[i]);
	return digest;
}

#endif
