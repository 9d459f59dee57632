/*
 * child.h - starts a test: in a process group of its own, with no signal
 * blocked. Others run beside it, so that nobody
 * waits here; lib/proc.h is for programs that one waits for.
 */
#ifndef CMDEPLOY_TESTRUN_CHILD_H
#define CMDEPLOY_TESTRUN_CHILD_H

#include <sys/types.h>

#include "lib/buf.h"

struct child_command {
	const char *const *argv; /* NULL-terminated; searched in PATH */
	const char *dir;         /* working folder, or NULL */
	int in_fd;               /* standard input; 0: /dev/null */
	int out_fd;              /* standard output */
	int err_fd;              /* standard error; 0: as out_fd */
};

/* Starts it; the group's id is the pid. */
int child_start(const struct child_command *command, pid_t *ret_pid,
	struct buf *why) MUST_CHECK;

#endif
