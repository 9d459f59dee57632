/*
 * child.h - the programs that the test command starts: tests, and what
 * brings in their needs.
 *
 * Each gets a process group of its own, /dev/null as input, no blocked
 * signal. Functions return 0 or a negative errno with a reason.
 */
#ifndef CMDEPLOY_TESTRUN_CHILD_H
#define CMDEPLOY_TESTRUN_CHILD_H

#include <sys/types.h>

#include "lib/buf.h"

struct child_command {
	const char *const *argv; /* NULL-terminated; searched in PATH */
	const char *dir;         /* working folder, or NULL */
	int out_fd;              /* standard output and error */
};

/* Starts it; the group's id is the pid. */
int child_start(const struct child_command *command, pid_t *ret_pid,
	struct buf *why) MUST_CHECK;

/* Runs it to its end; its standard output is added to *out. */
int child_read(
	const char *const *argv, struct buf *out, struct buf *why) MUST_CHECK;

/* Runs it to its end; output goes to the end of the file `log_path`. */
int child_run(const char *const *argv, const char *log_path,
	struct buf *why) MUST_CHECK;

/* Adds how a process ended: "exit status 1", "killed by signal 9". */
void child_add_status(struct buf *out, int status);

#endif
