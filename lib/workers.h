/*
 * workers.h - a few threads for what would hold up the event loop:
 * hashing a password, waiting for a disk.
 *
 * Jobs queue up in order, run on a thread, and come back on the event
 * loop. The threads start with the first job, so that an idle service is
 * one thread. The queue has a limit.
 */
#ifndef LIB_WORKERS_H
#define LIB_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "lib/util.h"

struct workers;

/* To be embedded in what the job is about; the submitter owns it. */
struct worker_job {
	struct worker_job *next;
	/* Called once on the loop; the job is the submitter's again. */
	void (*done)(struct worker_job *job);
	bool is_cancelled; /* the workers were freed before it ran */
};

struct workers_options {
	/* On a thread; touches nothing that the loop may touch meanwhile. */
	void (*run)(struct worker_job *job);
	unsigned n_threads;
	size_t queue_max; /* jobs waiting, not counting those that run */
	int niceness;     /* 0, or up to 19 to give way to everything else */
};

int workers_new(sd_event *event, const struct workers_options *options,
	struct workers **ret_workers) MUST_CHECK;

/* -EAGAIN when the queue is full, or no thread can be started. */
int workers_submit(struct workers *w, struct worker_job *job) MUST_CHECK;

/*
 * Waits for the jobs that run, then calls done() for every job that is
 * left, with is_cancelled on those that never ran. Accepts NULL.
 */
void workers_free(struct workers *w);

#endif
