/*
 * letter.h - a message as an app sends it: encrypted, of 3 KB. Ends the
 * program when the sample is not there.
 */
#ifndef BENCH_LETTER_H
#define BENCH_LETTER_H

#include "lib/buf.h"

enum {
	LETTER_MAX_BYTES = 1 << 20,
};

/* CRLF, dot-stuffed; `sender` is an address. */
void letter_write(struct buf *letter, const char *sender);

#endif
