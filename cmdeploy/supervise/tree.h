/*
 * tree.h - the children of this process, and all that descends from them.
 *
 * tree_adopt() makes the kernel hand us every orphan below us. So nothing
 * that a service forked can get away: when its parent ends, it is our
 * child. A namespace of pids or a cgroup would end all at once, but a
 * container may have neither, and in a namespace the pids that `status`
 * prints would be no pids that an operator can use.
 */
#ifndef CMDEPLOY_SUPERVISE_TREE_H
#define CMDEPLOY_SUPERVISE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

void tree_adopt(void);

/* Sends the signal to every child but one; how many got it. */
size_t tree_signal(int signal_number, pid_t spared);

/*
 * Reaps children as they end; true when none is left, false when that
 * took longer. SIGCHLD must be blocked.
 */
bool tree_wait(uint64_t msec);

/* Kills them and whoever becomes our child by that; as tree_wait(). */
bool tree_kill(uint64_t msec);

#endif
