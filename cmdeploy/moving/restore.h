/*
 * restore.h - brings a relay back out of a backup: onto a server that is
 * none yet, or into a new folder.
 *
 * Mail stays switched off until every account is back, since the first login
 * with a name makes the account. A restore that was cut is run again.
 */
#ifndef CMDEPLOY_MOVING_RESTORE_H
#define CMDEPLOY_MOVING_RESTORE_H

#include <stdbool.h>

#include "lib/buf.h"

struct restore_options {
	const char *target;
	const char *dir;      /* of a relay in a folder; NULL: this server */
	const char *key_path; /* NULL: where the relay has it */
	bool has_mail;
};

/* Tells the person at the terminal what is done. -EINTR: told to stop. */
int restore_run(
	const struct restore_options *options, struct buf *why) MUST_CHECK;

#endif
