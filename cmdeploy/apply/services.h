/*
 * services.h - which services must be told about changed files.
 *
 * For each service a digest of the files that it depends on is kept from
 * the moment when it was started with them. So what has to be restarted
 * is known even when an earlier run broke off between writing and
 * restarting. A file that this run puts right counts as changed too.
 */
#ifndef CMDEPLOY_APPLY_SERVICES_H
#define CMDEPLOY_APPLY_SERVICES_H

#include <stdint.h>

#include "cmdeploy/apply/plan.h"

enum service_need {
	SERVICE_KEEP,
	SERVICE_RELOAD,
	SERVICE_RESTART,
};

struct service_state {
	const struct service *decl;
	enum service_need need;
	bool is_new; /* its run script was not there before */
	uint64_t restart_digest;
	uint64_t reload_digest;
};

struct service_states {
	struct service_state *v;
	size_t n;
};

/* All services that count, compared with the digests in {{own_state_dir}}. */
int services_compare(const struct apply *apply, const struct plan *plan,
	struct service_states *ret_states, struct buf *why) MUST_CHECK;
void services_release(struct service_states *states);

/* Notes that the service runs with what the plan holds. */
int service_mark(const struct apply *apply, const struct service_state *state,
	struct buf *why) MUST_CHECK;

size_t services_count(
	const struct service_states *states, enum service_need need);

#endif
