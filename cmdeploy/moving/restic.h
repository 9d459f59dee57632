/*
 * restic.h - the program restic(1), which keeps backups: encrypted, each
 * piece stored once, in a folder, on a host by SFTP, or wherever else it can.
 *
 * All functions return -EINTR when this process was told to stop (signals.h).
 */
#ifndef CMDEPLOY_MOVING_RESTIC_H
#define CMDEPLOY_MOVING_RESTIC_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/words.h"

/* Nothing is owned. */
struct restic {
	const char *target; /* "/folder", "sftp:host:folder", "s3:..." */
	/* Of the file that holds its password; RESTIC_ENV is beside it. */
	const char *key_path;
	const char *cache_dir; /* NULL: none */
	const char *host;      /* whose backups; NULL: anybody's */
};

/* What a person calls the target, with a folder made absolute; to be freed. */
char *restic_target(const char *text);
/* The same, without a password that is in it, for people; to be freed. */
char *restic_shown(const char *target);

/*
 * -EINVAL when there is a password in it: what is done over ssh stands in
 * logs there.
 */
int restic_check_remote(const char *target, struct buf *why) MUST_CHECK;

/*
 * The file with variables that a place wants, such as AWS_SECRET_ACCESS_KEY:
 * a line NAME=value each, as restic's manual writes them, "export" and quotes
 * included; "#" begins a comment. It need not be there. -EINVAL: another
 * line, whose number alone is told.
 */
#define RESTIC_ENV "backup.env"
int restic_env(
	const char *path, struct words *ret_words, struct buf *why) MUST_CHECK;

/* Installs it where it is missing. */
int restic_install(bool is_server, struct buf *why) MUST_CHECK;

/* 1: the target was empty, and is ready now. */
int restic_begin(const struct restic *restic, struct buf *why) MUST_CHECK;
/* All that is in the folder `dir`. */
int restic_save(const struct restic *restic, bool has_mail, const char *dir,
	struct buf *why) MUST_CHECK;
/* Of each of the last seven days with a backup, the last one stays. */
int restic_forget(const struct restic *restic, struct buf *why) MUST_CHECK;

/* The newest, or, with `has_mail`, the newest that has mail, into `dir`. */
int restic_restore(const struct restic *restic, bool has_mail, const char *dir,
	struct buf *why) MUST_CHECK;

#endif
