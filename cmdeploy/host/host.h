/*
 * host.h - a machine: run a program there, ask for a fact. There are two
 * ways to reach one: this machine (host_local), and ssh (ssh.h).
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
	int (*fact)(const struct host *host, const char *name, struct buf *out,
		struct buf *why);
};

/* This machine. */
extern const struct host host_local;

/* Only exit status 0 is success; `why` tells the rest (proc_run_ok). */
int host_run(const struct host *host, const struct proc *proc,
	struct buf *why) MUST_CHECK;
/*
 * Appends the value of a fact: "os" (ID of os-release: debian), "os_version"
 * (12); over ssh, those of facts.sh, too.
 */
int host_fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why) MUST_CHECK;

#endif
