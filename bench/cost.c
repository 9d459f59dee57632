/* Prints what a message costs, by program (cost.h). */
#include "bench/cost.h"

#include <stdio.h>

static void print_line(const struct usage_program *p, double n)
{
	printf("  %-34s %8.3f ms  %7.2f runs", p->label, p->sec * 1e3 / n,
		(double)p->n_runs / n);
	if (p->n_counted)
		printf("  %6.2f fsyncs", (double)p->n_counted / n);
	putchar('\n');
}

static uint64_t count_of(void *fsyncs, pid_t pid)
{
	return fsyncs_of(fsyncs, pid);
}

void cost_print(const struct usage *usage, struct fsyncs *fsyncs, uint64_t n)
{
	struct usage_program programs[USAGE_PROGRAMS_MAX];

	fsyncs_read(fsyncs);
	size_t n_programs = usage_programs(usage, count_of, fsyncs, programs);
	for (size_t i = 0; i < n_programs; i++)
		if (programs[i].sec * 1e6 / (double)n >= 1)
			print_line(&programs[i], (double)n);
	const struct usage_program all = usage_sum(programs, n_programs);
	print_line(&all, (double)n);
	fflush(stdout);
}
