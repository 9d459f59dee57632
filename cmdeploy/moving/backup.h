/*
 * backup.h - a backup of all that makes a relay, made while it runs.
 */
#ifndef CMDEPLOY_MOVING_BACKUP_H
#define CMDEPLOY_MOVING_BACKUP_H

#include "cmdeploy/relay/relay.h"

struct backup_options {
	const char *target; /* NULL: what backup_to says */
	bool has_mail;
};

/* The file with the password of a relay's backups, in its own_etc_dir. */
#define BACKUP_KEY "backup.key"

/*
 * Tells the person at the terminal what is done. -EINTR: told to stop; then,
 * too, nothing but whole backups stays.
 */
int backup_run(const struct relay *relay, const struct backup_options *options,
	struct buf *why) MUST_CHECK;

/*
 * Has the relay on another machine do that; its key is copied to `key_path`.
 * The exit status; negative: it did not run.
 */
int backup_remote(const char *ssh_host, const struct backup_options *options,
	const char *key_path, struct buf *why) MUST_CHECK;

#endif
