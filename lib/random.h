/*
 * random.h - chance from the kernel's generator (getrandom(2)), without
 * bias. Cannot fail on a kernel that has booted.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

void random_fill(void *ptr, size_t len);
/* Uniform in 0 .. below-1; `below` is at least 1. */
uint32_t random_below(uint32_t below);
/* Appends n characters, each drawn uniformly from `alphabet`. */
void random_add_text(struct buf *out, const char *alphabet, size_t n);

#endif
