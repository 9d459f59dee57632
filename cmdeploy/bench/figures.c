/* What a series of times says: figures and histograms (bench.h). */
#include <math.h>
#include <stdlib.h>

#include "cmdeploy/bench/bench.h"

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The smallest value that this share of the values does not exceed. */
static double rank(const struct bench_series *s, double share)
{
	size_t i = (size_t)ceil(share * (double)s->n);

	return s->v[i > 0 ? i - 1 : 0];
}

bool bench_figures(struct bench_series *s, struct bench_figures *ret_figures)
{
	if (s->n == 0)
		return false;
	qsort(s->v, s->n, sizeof(*s->v), compare);
	*ret_figures = (struct bench_figures){
		.min = s->v[0],
		.median = rank(s, 0.5),
		.p99 = rank(s, 0.99),
		.max = s->v[s->n - 1],
	};
	return true;
}

struct bench_scale bench_scale(
	const struct bench_series *const *series, size_t n)
{
	struct bench_scale scale = { HUGE_VAL, 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < series[i]->n; k++) {
			scale.from = fmin(scale.from, series[i]->v[k]);
			scale.until = fmax(scale.until, series[i]->v[k]);
		}
	/* Equal times still have a place, in the middle. */
	if (scale.until < scale.from * 1.1)
		return (struct bench_scale){ scale.from / 2, scale.from * 2 };
	return scale;
}

double bench_position(const struct bench_scale *scale, double msec)
{
	return log(msec / scale->from) / log(scale->until / scale->from);
}

size_t bench_count(const struct bench_series *s,
	const struct bench_scale *scale, size_t ret_counts[BENCH_BUCKETS])
{
	size_t most = 0;

	for (size_t i = 0; i < BENCH_BUCKETS; i++)
		ret_counts[i] = 0;
	for (size_t i = 0; i < s->n; i++) {
		double at = bench_position(scale, s->v[i]) * BENCH_BUCKETS;
		size_t step = (size_t)fmin(fmax(at, 0), BENCH_BUCKETS - 1);
		if (++ret_counts[step] > most)
			most = ret_counts[step];
	}
	return most;
}
