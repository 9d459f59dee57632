/*
 * upgrade.h - a relay's server gets Debian 13 in place of 12, called from
 * another machine.
 */
#ifndef CMDEPLOY_REMOTE_UPGRADE_H
#define CMDEPLOY_REMOTE_UPGRADE_H

#include "cmdeploy/remote/remote.h"

struct upgrade_options {
	struct remote_options run; /* of the runs before and after */
	const char *backup;        /* a file of the operator; NULL: what
				    * cmdeploy backup has noted on the server */
	bool is_without_backup;    /* they need none */
};

/*
 * `cmdeploy upgrade`. Says what it does and why it could not; an upgrade that
 * was cut at any moment is completed by the next call. Returns the exit status.
 */
int upgrade_run(const struct upgrade_options *options);

#endif
