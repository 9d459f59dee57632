/*
 * runit.h - services under runsv(8), spoken to by the files that it keeps
 * in each service folder (supervise/control, supervise/status).
 */
#ifndef CMDEPLOY_SUPERVISE_RUNIT_H
#define CMDEPLOY_SUPERVISE_RUNIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "lib/buf.h"

struct runit_status {
	bool is_up;     /* its program runs */
	pid_t pid;      /* 0: none */
	time_t since;   /* in this state */
	uint64_t stamp; /* the same, exact; only to be compared */
};

/* 1 read, 0 nobody supervises that folder, negative broken. */
int runit_status(
	const char *service_dir, struct runit_status *ret_status) MUST_CHECK;

/*
 * One command of runsv(8): 't' TERM (it is started again), 'h' HUP,
 * 'x' end it for good. -ENXIO when nobody supervises that folder.
 */
int runit_control(const char *service_dir, char command) MUST_CHECK;

/* Appends the last n lines of its log, without time stamps. */
void runit_log_tail(const char *log_dir, size_t n, struct buf *out);

#endif
