/*
 * tree.h - all processes that descend from this one.
 *
 * tree_adopt() makes the kernel hand us every orphan below us, so that
 * nothing that a service forked can get away: it is always a descendant
 * and in the end our child.
 */
#ifndef CMDEPLOY_SUPERVISE_TREE_H
#define CMDEPLOY_SUPERVISE_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/util.h"

void tree_adopt(void);

/* Sends the signal to every descendant; how many there were. */
size_t tree_signal(int signal_number);

/*
 * Reaps children as they end; true when none is left, false when that
 * took longer. SIGCHLD must be blocked.
 */
bool tree_wait(uint64_t msec);

#endif
