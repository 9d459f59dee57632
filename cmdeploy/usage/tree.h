/*
 * tree.h - what the processes below one of them use: CPU, switches, bytes
 * written to disks, and memory, by program.
 *
 * The tree is looked at often, since processes come and go. What one used
 * between the last look and its end is known of all such processes together,
 * from what their parents have reaped; it is counted as "ended".
 */
#ifndef CMDEPLOY_USAGE_TREE_H
#define CMDEPLOY_USAGE_TREE_H

#include <stdint.h>
#include <sys/types.h>

enum {
	TREE_PROGRAMS_MAX = 256, /* what is beyond counts as "others" */
};

struct tree;

/* What all processes of one program used since tree_begin(). */
struct tree_program {
	const char *label; /* "postfix smtpd submissions"; the tree's */
	double sec;        /* of CPU */
	uint64_t n_runs;   /* times it got a processor */
	uint64_t n_written_bytes;
	uint64_t n_counted; /* by count_of() */
	uint64_t pss_kb;    /* when tree_weigh() was called last */
	size_t n;           /* processes that are there */
};

/* Of a process that does not exist, everything is 0. */
struct tree *tree_new(pid_t root);
/* Accepts NULL. */
void tree_free(struct tree *tree);

/* Ten times a second is enough. */
void tree_look(struct tree *tree);
/* Asks how much memory each has; slow, so not while time is measured. */
void tree_weigh(struct tree *tree);

/* Counts from now on. */
void tree_begin(struct tree *tree);

/* Seconds of CPU since then, of all together. */
double tree_cpu_sec(const struct tree *tree);

/*
 * The programs, by CPU, most first; how many. What count_of() (or NULL) says
 * of each process is added up.
 */
size_t tree_programs(const struct tree *tree,
	uint64_t (*count_of)(void *owner, pid_t pid), void *owner,
	struct tree_program ret_programs[TREE_PROGRAMS_MAX]);

/* The sum of them. */
struct tree_program tree_sum(const struct tree_program *programs, size_t n);

#endif
