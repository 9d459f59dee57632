/*
 * runner.h - runs tests side by side, each with a time limit, and says
 * how each went.
 *
 * A test is a program that ends with status 0 when it passed. It starts
 * in a folder of its own (also in $TEST_DIR; below $TMPDIR or /tmp, since
 * the paths of sockets have to be short), which is removed when it
 * passed and kept, with what the test printed in the file `output`, when
 * it failed. At the limit its process group gets SIGTERM, and SIGKILL
 * RUNNER_GRACE_SEC later; what a test leaves behind in its group is
 * killed when it ends.
 *
 * A line a test goes to standard output:
 *
 *   ok   suite/name  0.12 s
 *   FAIL suite/name  1.03 s  exit status 1
 *
 * the second followed by the end of the test's output, indented.
 */
#ifndef CMDEPLOY_TESTRUN_RUNNER_H
#define CMDEPLOY_TESTRUN_RUNNER_H

#include "cmdeploy/testrun/cases.h"

enum {
	RUNNER_GRACE_SEC = 15,
	RUNNER_JOBS_MAX = 64,
	RUNNER_TAIL_LINES = 30,
};

struct runner_options {
	const char *build; /* absolute */
	int jobs;          /* 1 .. RUNNER_JOBS_MAX */
	bool has_colour;
};

struct runner_counts {
	size_t n_passed;
	size_t n_failed;
	bool was_stopped; /* by SIGINT, SIGTERM or SIGHUP */
};

/* Blocks these signals and SIGCHLD while it works. */
int runner_run(const struct runner_options *options,
	const struct test_cases *cases, struct runner_counts *ret_counts,
	struct buf *why) MUST_CHECK;

#endif
