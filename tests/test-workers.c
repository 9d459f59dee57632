/* Unit tests of lib/workers.h. */
#include <errno.h>
#include <pthread.h>

#include "lib/workers.h"
#include "tests/test.h"

enum {
	JOBS = 1000,
};

struct work {
	struct worker_job job;
	int doubled;
	int value;
	pthread_t ran_on;
	int n_done;
};

static struct work work[JOBS];
static int n_done, n_cancelled;
static sd_event *event;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void run_double(struct worker_job *job)
{
	struct work *w = CONTAINER_OF(job, struct work, job);

	w->doubled = 2 * w->value;
	w->ran_on = pthread_self();
}

static void run_gated(struct worker_job *job)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	run_double(job);
}

static void on_done(struct worker_job *job)
{
	CONTAINER_OF(job, struct work, job)->n_done++;
	n_cancelled += job->is_cancelled;
	if (++n_done == JOBS)
		sd_event_exit(event, 0);
}

static struct workers *make(
	void (*run)(struct worker_job *), unsigned n_threads, size_t queue_max)
{
	struct workers_options options = {
		.run = run,
		.n_threads = n_threads,
		.queue_max = queue_max,
		.niceness = 5,
	};
	struct workers *w = NULL;

	check_int("new", workers_new(event, &options, &w), 0);
	return w;
}

static void reset(void)
{
	n_done = n_cancelled = 0;
	for (int i = 0; i < JOBS; i++)
		work[i] = (struct work){ .job.done = on_done, .value = i };
}

static void submit_all(struct workers *w)
{
	for (int i = 0; i < JOBS; i++)
		check_int("submit", workers_submit(w, &work[i].job), 0);
}

static void check_all_ran(void)
{
	for (int i = 0; i < JOBS; i++) {
		check_int("result", work[i].doubled, 2 * i);
		check_int("done once", work[i].n_done, 1);
		check("not on the loop",
			!pthread_equal(work[i].ran_on, pthread_self()));
	}
}

static void test_all_run(void)
{
	struct workers *w = make(run_double, 4, JOBS);

	reset();
	submit_all(w);
	check("loop", sd_event_loop(event) >= 0);
	check_all_ran();
	check_int("none cancelled", n_cancelled, 0);
	workers_free(w);
}

/* The thread stands still: the queue fills, and the rest is cancelled. */
static void test_full_and_freed(void)
{
	struct workers *w = make(run_gated, 1, 10);
	int n = 0;

	reset();
	pthread_mutex_lock(&gate);
	while (n < JOBS && workers_submit(w, &work[n].job) == 0)
		n++;
	check("the queue has a limit", n >= 10 && n <= 11);
	check_int("full", workers_submit(w, &work[JOBS - 1].job), -EAGAIN);
	pthread_mutex_unlock(&gate);
	workers_free(w);
	check_int("each is told", n_done, n);
	for (int i = 0; i < n; i++)
		check_int("once", work[i].n_done, 1);
}

static void test_idle(void)
{
	workers_free(make(run_double, 2, 1));
	workers_free(NULL);
}

static void new_loop(void)
{
	event = sd_event_unref(event);
	check("event", sd_event_new(&event) >= 0);
}

int main(void)
{
	new_loop();
	test_all_run();
	new_loop();
	test_full_and_freed();
	test_idle();
	sd_event_unref(event);
	return test_end();
}
