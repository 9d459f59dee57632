/*
 * cost.h - prints what a relay's processes use for a message, by program, with
 * their fsyncs where the kernel lets these be counted (tracefs).
 */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include "bench/fsyncs.h"
#include "cmdeploy/usage/usage.h"

/*
 * Counts from now on, on a thread of its own that looks again and again, since
 * processes come and go; one at a time, until cost_end().
 */
void cost_begin(struct usage *usage);
void cost_end(void);

/* A line for each program, largest first, for one of n messages. */
void cost_print(const struct usage *usage, struct fsyncs *fsyncs, uint64_t n);

#endif
