/*
 * asker.h - whose program has connected to a TCP port of ours on loopback.
 *
 * A port has no owner and no mode, but the kernel lists the user of each TCP
 * socket (proc_pid_net(5)), and both ends of such a connection are in the
 * list. IPv4 only.
 */
#ifndef CHATMAILD_MXSEND_ASKER_H
#define CHATMAILD_MXSEND_ASKER_H

#include <sys/types.h>

#include "lib/util.h"

/*
 * The user of the other end of the connection `fd`. Returns 1 when it is in
 * the list, 0 when it is not (it is gone, or on another machine), and a
 * negative errno when the list cannot be read.
 */
int asker_user(int fd, uid_t *ret_user) MUST_CHECK;

#endif
