/* Prints the times of many measurements, and their median (figures.h). */
#include "bench/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "lib/clock.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double figures_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

double figures_print(const char *what, double *msec, size_t n)
{
	double median = figures_median(msec, n);

	printf("%-12s %zu times  p50 %.1f ms  p99 %.1f ms  max %.1f ms\n", what,
		n, median, msec[n * 99 / 100], msec[n - 1]);
	fflush(stdout);
	return median;
}

double figures_sec(void)
{
	return (double)clock_usec() / 1e6;
}

double figures_msec(void)
{
	return (double)clock_usec() / 1e3;
}

double figures_own_sec(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
