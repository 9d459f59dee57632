/*
 * supervise.h - who keeps the services of a relay running: systemd on a
 * server, runit for a relay in a folder of its own. Both are asked and
 * told through one table of functions, by the unit's name (what a service
 * of component.h is called there).
 */
#ifndef CMDEPLOY_SUPERVISE_SUPERVISE_H
#define CMDEPLOY_SUPERVISE_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "lib/buf.h"

struct service_status {
	bool is_known;   /* the supervisor has it */
	bool is_up;      /* it runs; of a timer or socket: it is armed */
	bool is_failed;  /* it was given up */
	bool is_enabled; /* it starts with the machine */
	bool is_stale;   /* its unit file has changed since it was read */
	pid_t pid;       /* 0: none */
	time_t since;    /* in this state; 0: not known */
	/* When its process ended, to tell one end from another; 0: it runs.
	 * runit has such a time for one that never ran, too. */
	uint64_t end_stamp;
	unsigned n_restarts;
};

struct supervisor {
	const struct supervisor_ops *ops;
	char *dir;     /* runit: the folder of the service folders */
	char *log_dir; /* runit: that of their logs */
};

/* The units of a call, and how many. */
struct unit_list {
	const char *const *names;
	size_t n;
};

struct supervisor_ops {
	int (*status)(const struct supervisor *s, struct unit_list units,
		struct service_status *ret_statuses, struct buf *why);
	int (*refresh)(const struct supervisor *s, struct buf *why);
	int (*enable)(const struct supervisor *s, struct unit_list units,
		struct buf *why);
	int (*disable)(const struct supervisor *s, struct unit_list units,
		struct buf *why);
	int (*restart)(const struct supervisor *s, struct unit_list units,
		struct buf *why);
	int (*reload)(const struct supervisor *s, struct unit_list units,
		struct buf *why);
	void (*log_tail)(const struct supervisor *s, const char *unit, size_t n,
		struct buf *out);
};

/* The two there are; frees nothing of what it is given. */
void supervisor_init_runit(
	struct supervisor *s, const char *dir, const char *log_dir);
void supervisor_init_systemd(struct supervisor *s);
void supervisor_release(struct supervisor *s);

/* How they are, in their order. */
int supervisor_status(const struct supervisor *s, struct unit_list units,
	struct service_status *ret_statuses, struct buf *why) MUST_CHECK;

/* Reads changed unit files again. */
int supervisor_refresh(const struct supervisor *s, struct buf *why) MUST_CHECK;

/* They start with the machine, and now. */
int supervisor_enable(const struct supervisor *s, struct unit_list units,
	struct buf *why) MUST_CHECK;
/* They end now, and do not start again by themselves. */
int supervisor_disable(const struct supervisor *s, struct unit_list units,
	struct buf *why) MUST_CHECK;

/*
 * Starts them, or starts them again, and waits until that is done. On
 * failure `why` is a clause about the first that failed.
 */
int supervisor_restart(const struct supervisor *s, struct unit_list units,
	struct buf *why) MUST_CHECK;
/* They read their configuration again. */
int supervisor_reload(const struct supervisor *s, struct unit_list units,
	struct buf *why) MUST_CHECK;

/* Appends the last n lines that it logged, each indented. */
void supervisor_log_tail(const struct supervisor *s, const char *unit, size_t n,
	struct buf *out);

#endif
