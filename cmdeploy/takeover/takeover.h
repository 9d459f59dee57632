/*
 * takeover.h - a server that was set up with the chatmail software in
 * Python. Users' data, keys and certificates are in the same places and
 * stay; its services, and its Dovecot, make room for ours.
 */
#ifndef CMDEPLOY_TAKEOVER_TAKEOVER_H
#define CMDEPLOY_TAKEOVER_TAKEOVER_H

#include "cmdeploy/apply/plan.h"
#include "cmdeploy/relay/relay.h"

bool takeover_is_there(void);
/* The file that is there once a takeover has been completed; to free. */
char *takeover_mark_path(const struct relay *relay);

/*
 * It is to make room now: no run has brought that to its end yet, or it has
 * been set up again since. Later, whatever has the names of its things is
 * the operator's.
 */
bool takeover_is_due(const struct relay *relay);

/*
 * Sets the variable legacy_key_path: the key of the self-signed certificate
 * that it has made, which apps remember; "" where there is none.
 */
void takeover_look(struct relay *relay);

/*
 * It brings a Dovecot of its own, newer than Debian's, which would get no
 * security update any more. Appends what apt-get is to install instead to
 * *names, separated by blanks, and tells how many that are.
 */
int takeover_packages(const struct relay *relay, struct buf *names,
	struct buf *why) MUST_CHECK;

/*
 * Removes what keeps apt from Debian's Dovecot; when that is among the
 * names to be installed, the service is started again afterwards. Appends
 * to *out what was done: "removed PATH".
 */
int takeover_make_way(const struct relay *relay, const char *names,
	struct buf *out, struct buf *why) MUST_CHECK;

/*
 * Ends its services and removes their units, save those that ours have
 * replaced, and its cron jobs. Appends to *out what was done: "removed
 * PATH; stopped filtermail".
 */
int takeover_retire(
	const struct relay *relay, struct buf *out, struct buf *why) MUST_CHECK;

/*
 * Appends a line for each of its things that would be stopped or removed,
 * save those that the plan replaces.
 */
void takeover_list(
	const struct relay *relay, const struct plan *plan, struct buf *out);

/*
 * The way back: ends our services, removes what starts them, and writes what
 * that software reads and ours does not. Accounts, mail, keys and the
 * certificate are where it looks for them; all that is ours stays, too, so that
 * a run of ours is a takeover. Tells how many accounts are blocked, for which
 * it has no word: they get no mail there.
 */
int takeover_leave(const struct relay *relay, size_t *ret_n_blocked,
	struct buf *why) MUST_CHECK;

#endif
