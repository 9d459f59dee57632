/*
 * ground.h - what the tests of a suite stand on: a program that prepares
 * something for them, says `ready`, and keeps it until its standard input
 * ends. So it goes with the runner, however that ends.
 *
 * Before `ready` it may print lines NAME=value, which the tests find in
 * their environment. Standard error is for people.
 */
#ifndef CMDEPLOY_TESTRUN_GROUND_H
#define CMDEPLOY_TESTRUN_GROUND_H

#include "cmdeploy/testrun/cases.h"

enum {
	GROUND_END_SEC = 60,
};

struct ground {
	pid_t pid; /* 0: none */
	int in_fd; /* closing it is its end */
};

/*
 * Starts it and waits for `ready`, at most `limit_sec` of the case, or
 * until a blocked SIGINT, SIGTERM or SIGHUP is pending: -EINTR.
 */
int ground_open(const struct test_case *program, struct ground *ret_ground,
	struct buf *why) MUST_CHECK;

/* Waits for its end, for GROUND_END_SEC before SIGKILL; no ground is fine. */
int ground_close(struct ground *ground, struct buf *why) MUST_CHECK;

#endif
