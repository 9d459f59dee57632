/*
 * cost.h - prints what a relay's processes use for a message, by program, with
 * their fsyncs where the kernel lets these be counted (tracefs).
 */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include "bench/fsyncs.h"
#include "cmdeploy/usage/usage.h"

/* A line for each program, largest first, for one of n messages. */
void cost_print(const struct usage *usage, struct fsyncs *fsyncs, uint64_t n);

#endif
