/*
 * gauge.h - what a process has used of the machine.
 */
#ifndef CMDEPLOY_USAGE_GAUGE_H
#define CMDEPLOY_USAGE_GAUGE_H

#include <stdint.h>
#include <sys/types.h>

/* User and system time so far, of all threads. */
double gauge_cpu_sec(pid_t pid);

/*
 * The number after a label ("Pss:") at the start of a line of
 * /proc/<pid>/<file>; 0 when there is none.
 */
uint64_t gauge_number(pid_t pid, const char *file, const char *label);

#endif
