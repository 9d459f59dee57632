/*
 * base64.h - the base64 alphabet (RFC 4648 section 4), read fast.
 *
 * Most of a mail is base64 of which nobody needs the value: it has to be
 * in the alphabet, and that is all. base64_is_pure() answers this for 16
 * bytes at a time with the compiler's portable vectors (SSE2 on any
 * x86-64, NEON on arm64).
 */
#ifndef MAIL_BASE64_H
#define MAIL_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "lib/buf.h"

/*
 * The bytes that `text` stands for, which may be folded and lack padding;
 * `max`, a multiple of three, is what *ret_bytes has room for. Returns how
 * many, or -EINVAL, or -EMSGSIZE.
 */
ssize_t base64_decode(
	struct slice text, void *ret_bytes, size_t max) MUST_CHECK;

typedef unsigned char base64_v16 __attribute__((vector_size(16)));

/* 0 to 63, or -1 for a byte outside of the alphabet ('=' included). */
static inline int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* All ones in each of the 16 bytes at `ptr` that is in the alphabet. */
static inline base64_v16 base64_mask_(const char *ptr)
{
	base64_v16 c;

	memcpy(&c, ptr, sizeof(c));
	base64_v16 letter = (base64_v16)(((c | 0x20) - 'a') < 26);
	base64_v16 slash_or_digit = (base64_v16)((c - '/') < 11);
	return letter | slash_or_digit | (base64_v16)(c == '+');
}

/* Every byte is in the alphabet; true for no bytes. */
static inline bool base64_is_pure(const char *ptr, size_t len)
{
	if (len < sizeof(base64_v16)) {
		while (len > 0 && base64_value(ptr[len - 1]) >= 0)
			len--;
		return len == 0;
	}
	/* The last 16 bytes overlap those before them. */
	base64_v16 ok = base64_mask_(ptr + len - sizeof(ok));
	for (size_t i = 0; i + sizeof(ok) < len; i += sizeof(ok))
		ok &= base64_mask_(ptr + i);
	uint64_t half[2];
	memcpy(half, &ok, sizeof(half));
	return (half[0] & half[1]) == UINT64_MAX;
}

#endif
