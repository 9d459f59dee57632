/*
 * update.h - changes to the services of a relay that runs.
 */
#ifndef CMDEPLOY_RELAY_UPDATE_H
#define CMDEPLOY_RELAY_UPDATE_H

#include "cmdeploy/apply/services.h"
#include "cmdeploy/relay/relay.h"

/*
 * Starts, restarts or reloads what needs it; on a server also makes it
 * start with the machine, and ends what is_without_mail has ended. Appends
 * to *out what was done: "restarted doveauth, lastlogin; reloaded nginx".
 */
int update_services(const struct relay *relay,
	const struct service_states *states, struct buf *out,
	struct buf *why) MUST_CHECK;

/*
 * Notes what was planned as what they run with, or, while mail is disabled,
 * will be started with.
 */
int update_mark(const struct relay *relay, const struct service_states *states,
	struct buf *why) MUST_CHECK;

/*
 * Ends services that the relay has no more, and deletes their files. What
 * it does on a server is appended to *out.
 */
int update_forget_others(const struct relay *relay,
	const struct service_states *states, struct buf *out,
	struct buf *why) MUST_CHECK;
/*
 * Ends all that ever ran on a server, and deletes their files, save what the
 * machine itself needs: its journal, and names.
 */
int update_forget_all(const struct relay *relay, struct buf *out,
	struct buf *why) MUST_CHECK;

#endif
