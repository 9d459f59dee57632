/*
 * setup.h - brings a relay's folder up to date, step by step, and tells
 * the person at the terminal about each.
 */
#ifndef CMDEPLOY_RELAY_SETUP_H
#define CMDEPLOY_RELAY_SETUP_H

#include "cmdeploy/apply/services.h"
#include "cmdeploy/relay/relay.h"
#include "cmdeploy/relay/report.h"

/* What a server's setup does beside what components declare; all may be NULL.
 */
struct setup_extra {
	/* Appends more to install; how many. Separated by blanks. */
	int (*add_packages)(
		const struct relay *relay, struct buf *names, struct buf *why);
	/* Before `names` are installed; appends to *out what was done. */
	int (*make_way)(const struct relay *relay, const char *names,
		struct buf *out, struct buf *why);
	/* Appends a line for each thing that would go, save by the plan. */
	void (*list)(const struct relay *relay, const struct plan *plan,
		struct buf *out);
};

/*
 * Packages, users, folders and files; *ret_states tells which services
 * depend on what was changed since they were started.
 */
int setup_apply(struct relay *relay, struct report *report,
	struct service_states *ret_states, struct buf *why) MUST_CHECK;

/* Its two halves: packages and users; folders and files. */
int setup_packages(struct relay *relay, const struct setup_extra *extra,
	struct report *report, struct buf *why) MUST_CHECK;
int setup_files(struct relay *relay, struct report *report,
	struct service_states *ret_states, struct buf *why) MUST_CHECK;

/* Prints what setup_apply() would do, and does nothing. */
int setup_show(struct relay *relay, const struct setup_extra *extra,
	struct buf *why) MUST_CHECK;

#endif
