/*
 * setup.h - brings a relay's folder up to date, step by step, and tells
 * the person at the terminal about each.
 */
#ifndef CMDEPLOY_RELAY_SETUP_H
#define CMDEPLOY_RELAY_SETUP_H

#include "cmdeploy/apply/services.h"
#include "cmdeploy/relay/relay.h"

/*
 * Packages, users, folders and files; *ret_states tells which services
 * depend on what was changed since they were started.
 */
int setup_apply(struct relay *relay, struct service_states *ret_states,
	struct buf *why) MUST_CHECK;

/* Its two halves: packages and users; folders and files. */
int setup_packages(struct relay *relay, struct buf *why) MUST_CHECK;
int setup_files(struct relay *relay, struct service_states *ret_states,
	struct buf *why) MUST_CHECK;

/* Prints what setup_apply() would do, and does nothing. */
int setup_show(struct relay *relay, struct buf *why) MUST_CHECK;

#endif
