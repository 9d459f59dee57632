/*
 * random.h - text by chance, from the kernel's generator: arc4random(3),
 * which is without bias and cannot fail.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include "lib/buf.h"

/* Appends n characters, each drawn uniformly from `alphabet`. */
void random_add_text(struct buf *out, const char *alphabet, size_t n);

#endif
