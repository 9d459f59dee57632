/*
 * argument.h - numbers on the command line of a benchmark.
 */
#ifndef BENCH_ARGUMENT_H
#define BENCH_ARGUMENT_H

#include <stdint.h>

/* From `min` to `max`; anything else ends the program. */
uint64_t argument_number(const char *text, uint64_t min, uint64_t max);

#endif
