/*
 * target.h - the relay that `test` and `bench` look at from outside, as the
 * command line names it: by its domain, by its settings, or by the folder in
 * which `up` runs it.
 */
#ifndef CMDEPLOY_TARGET_TARGET_H
#define CMDEPLOY_TARGET_TARGET_H

#include "cmdeploy/probe/probe.h"

/* Where a relay is when none was named. */
struct target_here {
	const char *dir;
	const char *ini;
	bool has_ini;
};

/* As given, or NULL. */
struct target {
	struct target_here here;
	const char *domain;
	const char *dir;
	const char *ini;
	const char *timeout;
	uint64_t answer_sec; /* by target_check(); 0: none was given */
};

/* -EINVAL when these do not go together. */
int target_check(struct target *t, struct buf *why) MUST_CHECK;
/*
 * Its settings, and the accounts for it; from now on SIGPIPE is ignored, since
 * servers hang up. -ESRCH when the relay of a folder
 * does not run; -EBUSY when another command looks at it just now.
 */
int target_open(const struct target *t, struct probe_relay *p,
	struct buf *why) MUST_CHECK;

#endif
