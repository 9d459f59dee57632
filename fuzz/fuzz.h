/*
 * fuzz.h - what a fuzz target is.
 *
 * fuzz-<target>.c defines LLVMFuzzerTestOneInput(), which asserts properties of
 * what it calls: demand() ends the process with the property's name when one
 * does not hold. Built with -Dfuzz=true (clang) it is a libFuzzer
 * program; linked with replay/main.c, by any compiler, a test that replays
 * corpus/<target>/. A crash that was mended becomes a file there.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/slice.h"

/* The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define demand(property)                                                       \
	do {                                                                   \
		if (!(property)) {                                             \
			fprintf(stderr, "%s:%d: does not hold: %s\n",          \
				__FILE__, __LINE__, #property);                \
			abort();                                               \
		}                                                              \
	} while (0)

/* Lines that end in LF, as lines on the wire; a last one needs no LF. */
static inline void fuzz_add_wire(struct buf *out, struct slice text)
{
	struct slice line;

	while (slice_next_line(&text, &line)) {
		buf_add_slice(out, line);
		buf_add_str(out, "\r\n");
	}
}

#endif
