/*
 * figures.h - what many measurements of one thing come to.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>

/* The time since some moment in the past. */
double figures_sec(void);
double figures_msec(void);

/* CPU that this process has used. */
double figures_own_sec(void);

/* The value in the middle of n, which are sorted for it. */
double figures_median(double *v, size_t n);

/* Prints the line of n times, which are sorted for it; the median. */
double figures_print(const char *what, double *msec, size_t n);

#endif
