/*
 * usage.h - what the processes below one of them use: CPU, switches, bytes
 * written to disks, and memory, by program.
 *
 * The tree is looked at often, since processes come and go. What one used
 * between the last look and its end is known of all such processes together,
 * from what their parents have reaped; it is counted as "ended".
 */
#ifndef CMDEPLOY_USAGE_USAGE_H
#define CMDEPLOY_USAGE_USAGE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/slice.h"

enum {
	USAGE_LABEL_BYTES = 48,
	USAGE_PROGRAMS_MAX = 256, /* what is beyond counts as "others" */
};

struct usage;

/* What all processes of one program used since usage_begin(). */
struct usage_program {
	const char *label; /* "postfix smtpd submissions"; the tree's */
	double sec;        /* of CPU */
	uint64_t n_runs;   /* times it got a processor */
	uint64_t n_written_bytes;
	uint64_t n_counted; /* by count_of() */
	uint64_t pss_kb;    /* when usage_weigh() was called last */
	size_t n;           /* processes that are there */
};

/* Of a process that does not exist, everything is 0. */
struct usage *usage_new(pid_t root);

/* A process of another machine, and what it has used since it began. */
struct usage_seen {
	pid_t pid, parent;
	struct slice label;
	double sec, reaped_sec; /* of CPU; of children that have ended */
	uint64_t n_runs, n_written_bytes;
	uint64_t pss_kb; /* 0 where nobody weighs */
};

/* Calls usage_saw() for each process that is there. */
typedef void (*usage_look_fn)(
	struct usage *usage, void *owner, bool is_weighing);
void usage_saw(struct usage *usage, const struct usage_seen *seen);
struct usage *usage_new_elsewhere(usage_look_fn look, void *owner);

/* Accepts NULL. */
void usage_free(struct usage *usage);

void usage_look(struct usage *usage);
/* How long to wait between looks: each of them costs something, too. */
int usage_pause_msec(const struct usage *usage);
/* Asks how much memory each has; slow, so not while time is measured. */
void usage_weigh(struct usage *usage);

/* Counts from now on. */
void usage_begin(struct usage *usage);

/* Seconds of CPU since then, of all together. */
double usage_cpu_sec(const struct usage *usage);

/*
 * The programs, by CPU, most first; how many. What count_of() (or NULL) says
 * of each process is added up.
 */
size_t usage_programs(const struct usage *usage,
	uint64_t (*count_of)(void *owner, pid_t pid), void *owner,
	struct usage_program ret_programs[USAGE_PROGRAMS_MAX]);

/* The sum of them. */
struct usage_program usage_sum(const struct usage_program *programs, size_t n);

#endif
