/*
 * host.h - a machine: run a program there, ask for a fact. There are two
 * ways to reach one: this machine (host_local), and ssh (ssh.h).
 */
#ifndef CMDEPLOY_HOST_HOST_H
#define CMDEPLOY_HOST_HOST_H

#include <stdint.h>

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
 * Appends the value of a fact, one of facts.sh: "os" (ID of os-release:
 * debian), "os_version" (12), and so on.
 */
int host_fact(const struct host *host, const char *name, struct buf *out,
	struct buf *why) MUST_CHECK;
/* It has a value, and that is not "". */
bool host_has_fact(const struct host *host, const char *name);
/* One that is a number; 0 when it is not known. */
uint64_t host_number(const struct host *host, const char *name);

/* Appends a value out of the lines of facts.sh. 1 found, 0 not found. */
int facts_find(
	struct slice lines, const char *name, struct buf *out) MUST_CHECK;

/*
 * The releases that a relay runs on, for messages; and whether the host has
 * one of them. Negative when its facts cannot be had.
 */
#define HOST_RELEASES "Debian 12 or 13"
int host_has_release(const struct host *host, struct buf *why) MUST_CHECK;

#endif
