/* Prints what a message costs, by program (cost.h). */
#include "bench/cost.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "lib/die.h"

enum {
	LOOK_MSEC = 100,
};

static pthread_t looks;
static atomic_bool is_looking;

static void *look(void *usage)
{
	while (is_looking) {
		usage_look(usage);
		poll(NULL, 0, LOOK_MSEC);
	}
	usage_look(usage);
	return NULL;
}

void cost_begin(struct usage *usage)
{
	usage_begin(usage);
	is_looking = true;
	if (pthread_create(&looks, NULL, look, usage) != 0)
		die("cannot start a thread");
}

void cost_end(void)
{
	is_looking = false;
	pthread_join(looks, NULL);
}

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
