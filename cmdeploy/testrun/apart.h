/*
 * apart.h - a network of one's own: only loopback, all of 127.0.0.0/8
 * free, whatever else runs on the machine (network_namespaces(7)).
 */
#ifndef CMDEPLOY_TESTRUN_APART_H
#define CMDEPLOY_TESTRUN_APART_H

#include "lib/buf.h"

/*
 * Moves this process, and the children it will have, there; it goes with
 * the last of them. Needs CAP_SYS_ADMIN.
 */
int network_go_apart(struct buf *why) MUST_CHECK;

#endif
