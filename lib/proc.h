/*
 * proc.h - other programs: run, listen to what they say, and bound how
 * long they take. No shell is involved.
 *
 * A program runs in a process group of its own and gets SIGKILL, with
 * its group, when its time is over or when we die first.
 */
#ifndef LIB_PROC_H
#define LIB_PROC_H

#include "lib/buf.h"

/* An argument list, ended by NULL. */
#define PROC_WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct proc {
	const char *const *argv; /* ended by NULL; argv[0] found by PATH */
	/* "NAME=value" added to (or replacing in) our environment; NULL. */
	const char *const *env;
	struct slice input;   /* its standard input; empty: /dev/null */
	unsigned timeout_sec; /* 0: as long as it takes */
	/*
	 * What it prints is appended here up to the ceiling; the rest is
	 * read and dropped. `out` NULL: dropped. `err` NULL: goes where
	 * standard output goes, in order.
	 */
	struct buf *out;
	struct buf *err;
	/* Called with each line of standard output. May be NULL. */
	void (*on_line)(struct slice line, void *owner);
	/*
	 * Asked a few times a second. Once it is true the program itself, not
	 * its group, gets one SIGINT, and is still waited for: what it must
	 * not leave half done it may finish. May be NULL.
	 */
	bool (*is_unwanted)(void *owner);
	void *owner;
};

enum {
	PROC_TIMED_OUT = -1,
};

/*
 * Runs to the end. 0 when the program could be started; *ret_status is
 * then what waitpid(2) tells, or PROC_TIMED_OUT. -ENOENT and others when
 * it could not be started.
 */
int proc_run(
	const struct proc *proc, int *ret_status, struct buf *why) MUST_CHECK;

/*
 * The same, but only exit status 0 is success; otherwise -EIO, and `why`
 * tells how it ended and the last line that it printed.
 */
int proc_run_ok(const struct proc *proc, struct buf *why) MUST_CHECK;

/*
 * Runs a program in our place: with our standard streams and in our
 * process group, so that it may talk with the person at the terminal. 0
 * and *ret_status (as waitpid(2) tells it) when it could be started.
 */
int proc_attach(
	const char *const *argv, int *ret_status, struct buf *why) MUST_CHECK;

/* "exit status 2", "killed by SIGSEGV", "took too long". */
void proc_status_text(int status, struct buf *out);

#endif
