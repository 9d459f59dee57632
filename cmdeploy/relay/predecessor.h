/*
 * predecessor.h - a server that was set up with the chatmail software in
 * Python. Users' data, keys and certificates are in the same places and
 * stay; its services, and its Dovecot, make room for ours.
 */
#ifndef CMDEPLOY_RELAY_PREDECESSOR_H
#define CMDEPLOY_RELAY_PREDECESSOR_H

#include "cmdeploy/apply/plan.h"
#include "cmdeploy/relay/relay.h"

bool predecessor_is_there(void);

/*
 * It is to make room now: no run has brought that to its end yet, or it has
 * been set up again since. Later, whatever has the names of its things is
 * the operator's.
 */
bool predecessor_is_due(const struct relay *relay);

/*
 * The key of the self-signed certificate that it has made, which apps
 * remember; "" where there is none.
 */
const char *predecessor_key_path(void);

/*
 * It brings a Dovecot of its own, newer than Debian's, which would get no
 * security update any more. Appends what apt-get is to install instead to
 * *names, separated by blanks, and tells how many that are.
 */
int predecessor_packages(const struct relay *relay, struct buf *names,
	struct buf *why) MUST_CHECK;

/*
 * Removes what keeps apt from Debian's Dovecot; when that is among the
 * names to be installed, the service is started anew afterwards. Appends
 * to *out what was done: "removed PATH".
 */
int predecessor_make_way(const struct relay *relay, const char *names,
	struct buf *out, struct buf *why) MUST_CHECK;

/*
 * Ends its services and removes their units, save those that ours have
 * replaced, and its cron jobs. Appends to *out what was done: "removed
 * PATH; stopped filtermail".
 */
int predecessor_retire(
	const struct relay *relay, struct buf *out, struct buf *why) MUST_CHECK;

/*
 * Appends a line for each of its things that would be stopped or removed,
 * save those that the plan replaces.
 */
void predecessor_list(
	const struct relay *relay, const struct plan *plan, struct buf *out);

#endif
