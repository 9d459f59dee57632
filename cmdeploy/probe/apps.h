/*
 * apps.h - people with real apps on a relay: a Delta Chat core (host/core.h)
 * in which each of them has a profile. It is started when it is wanted first,
 * and ended by apps_end(), which deletes what they have.
 *
 * Functions return 0, or a negative errno, or PROBE_SKIP if this machine has
 * no core; the reason is in p->why.
 */
#ifndef CMDEPLOY_PROBE_APPS_H
#define CMDEPLOY_PROBE_APPS_H

#include "cmdeploy/probe/probe.h"
#include "deltachat/chat.h"

enum {
	APPS_N = 5,
};

/* The first one scans the echo bot's code, if they have not yet. */
int apps_meet_echo(struct probe_relay *p) MUST_CHECK;
/* A text to it, and the answer: the id of that (ret_msg may be NULL). */
int apps_ask_echo(struct probe_relay *p, const char *text, const char *want,
	uint32_t *ret_msg) MUST_CHECK;
void apps_end(struct probe_relay *p);

#endif
