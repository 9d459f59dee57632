/*
 * host.h - a machine that is being set up: run a program there, put a
 * file there, ask for a fact. Everything above goes through these three,
 * so that another way to reach a machine is another table of functions.
 */
#ifndef CMDEPLOY_HOST_HOST_H
#define CMDEPLOY_HOST_HOST_H

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/proc.h"

struct host {
	const char *name; /* for messages */
	int (*run)(const struct host *host, const struct proc *proc,
		struct buf *why);
	int (*put)(const struct host *host, const char *path, struct slice data,
		struct file_owner owner, struct buf *why);
	int (*fact)(const struct host *host, const char *name, struct buf *out,
		struct buf *why);
};

/* This machine. */
extern const struct host host_local;

/* Only exit status 0 is success; `why` tells the rest (proc_run_ok). */
int host_run(const struct host *host, const struct proc *proc,
	struct buf *why) MUST_CHECK;
/* As file_write(). */
int host_put(const struct host *host, const char *path, struct slice data,
	struct file_owner owner, struct buf *why) MUST_CHECK;
/*
 * Appends the value of a fact: "os" (ID of os-release: debian),
 * "os_version" (12), "arch" (x86_64), "kernel".
 */
int host_fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why) MUST_CHECK;

#endif
