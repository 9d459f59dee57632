/*
 * signals.h - being told to stop (SIGINT, SIGTERM, SIGHUP), which is noted
 * and not died of, so that each step ends in good order.
 */
#ifndef CMDEPLOY_SIGNALS_H
#define CMDEPLOY_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * From here on those signals are blocked, and wait. A SIGHUP that nohup(1)
 * has made ignored stays so: the end of the terminal is not ours.
 */
void signals_hold(void);

/* One of them has come; it stays noted for signals_next(). */
bool signals_told_to_stop(void);
/* The same, as is_unwanted of struct proc and struct ssh_host want it. */
bool signals_unwanted(void *owner);

enum signals_event {
	SIGNALS_NOTHING,
	SIGNALS_STOP,
	SIGNALS_LOST, /* the child of signals_watch() has ended */
};

/* The child without which there is nothing to go on with. */
void signals_watch(pid_t pid);
/* 0: there is none, or it has ended. */
pid_t signals_watched(void);

/*
 * What happens next, within that time; negative: whenever it does. Children
 * that have ended are reaped.
 */
enum signals_event signals_next(int msec);

#endif
