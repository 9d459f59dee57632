/*
 * child.h - child processes: another program, or a function of ours.
 *
 * child_spawn() starts one and comes back at once; proc.h is for programs
 * that one waits for while they talk. A program gets every signal
 * unblocked and with its usual effect; a function keeps ours.
 */
#ifndef LIB_CHILD_H
#define LIB_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/buf.h"

enum {
	CHILD_OURS = -1, /* for `in`: our own standard input */
};

enum child_place {
	CHILD_BESIDE,     /* in our process group, at our terminal */
	CHILD_IN_GROUP,   /* in a process group of its own: its pid */
	CHILD_IN_SESSION, /* in a session of its own, without a terminal */
};

struct child {
	const char *const *argv; /* ended by NULL; argv[0] found by PATH */
	/*
	 * Called in the child, which ends by _exit(2). Without `argv` the
	 * result is the exit status; with it, the program starts afterwards
	 * if the result is 0, and child_spawn() returns it if it is negative.
	 */
	int (*run)(void *owner);
	void *owner;
	/* "NAME=value" added to (or replacing in) our environment; NULL. */
	const char *const *env;
	bool has_only_env; /* `env` is all that it gets */
	const char *dir;   /* its working folder; NULL: ours */
	/* Descriptors that it gets as its standard streams; they stay ours. */
	int in;  /* 0: /dev/null, CHILD_OURS: ours */
	int out; /* 0: ours */
	int err; /* 0: ours */
	enum child_place place;
	int death_signal; /* what it gets when we die first; 0: nothing */
};

/* -ENOENT and others when it could not be started. */
int child_spawn(
	const struct child *child, pid_t *ret_pid, struct buf *why) MUST_CHECK;

/*
 * Waits for its end, `msec` at most (-1: for as long as it takes). 1:
 * *ret_status (which may be NULL) is what waitpid(2) gives; 0: it still
 * runs; -ECHILD: somebody else has waited for it.
 */
int child_wait(pid_t pid, int msec, int *ret_status);

/*
 * Asks it to end by SIGTERM, gives it `msec`, then sends SIGKILL, and waits
 * for it. What waitpid(2) gives.
 */
int child_end(pid_t pid, int msec);

/*
 * A function of ours that works in a child and hands back how that went.
 * It gets SIGTERM when we die first.
 */
struct child_task {
	pid_t pid; /* 0: none */
	int fd;    /* can be read from when it is over (poll(2)) */
};

int child_task_begin(int (*run)(void *owner, struct buf *why), void *owner,
	struct child_task *ret_task, struct buf *why) MUST_CHECK;
/* Waits. 0, or -EIO with the reason that run() gave. */
int child_task_end(struct child_task *task, struct buf *why) MUST_CHECK;

/* "exit status 2", "killed by SIGSEGV". */
void child_status_text(int status, struct buf *out);

#endif
