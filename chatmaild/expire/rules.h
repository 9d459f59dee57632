/*
 * rules.h - what goes and what stays, as pure functions: the time and
 * the facts of a file come in, a verdict comes out.
 */
#ifndef CHATMAILD_EXPIRE_RULES_H
#define CHATMAILD_EXPIRE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chatmaild/common/config.h"
#include "chatmaild/expire/dir.h"
#include "chatmaild/expire/shares.h"

enum {
	/* A message over this size is a large one. */
	RULES_LARGE_BYTES = 200000,
	/* Over the first messages go until the second (shares.h). */
	RULES_OVERFULL_PERCENT = 75,
	RULES_ENOUGH_PERCENT = 70,
	/* A login bears the day's beginning; a whole day must be over. */
	RULES_UNOPENED_SEC = 2 * 24 * 3600,
	RULES_STALE_SEC = 24 * 3600,     /* temporary files of programs */
	RULES_STALE_TMP_SEC = 36 * 3600, /* in tmp/ of a maildir */
	/* Temporary files that just came may bear an old time: a copy. */
	RULES_TMP_GRACE_SEC = 3600,
};

/* What was last touched before the time goes. */
struct rules {
	int64_t mail;
	int64_t large;
	int64_t login;
	int64_t unopened; /* the login of who has opened no mailbox */
	int64_t stale;
	int64_t stale_tmp;
	int64_t tmp_grace;
	struct shares_limit overfull; /* of a mailbox */
	struct shares_limit enough;
	const char *own_domain; /* the configuration's */
};

struct rules rules_make(const struct config *config, int64_t now);

enum fate {
	FATE_KEEP,
	FATE_OLD,
	FATE_LARGE,
	FATE_OVERFULL,
	FATE_LEFTOVER,
	FATE_ACCOUNT,
};

const char *fate_name(enum fate fate);

/* The parts of a maildir. */
enum maildir_part {
	PART_CUR,
	PART_NEW, /* no device has seen it */
	PART_TMP,
};

/* Of "cur", "new" or "tmp". */
enum maildir_part rules_part(const char *name);

/* A message, or what is in tmp/. */
enum fate rules_message(const struct rules *rules, const struct dir_file *file,
	enum maildir_part part);

/* What an entry of the mail folder is, by its name. */
enum top_kind {
	TOP_USER,      /* an account, or what is left of one */
	TOP_ECHO,      /* the bot's: its password is elsewhere */
	TOP_SERVICE,   /* not ours */
	TOP_CONDEMNED, /* a deletion that did not come to its end */
	TOP_ODD,
};

enum top_kind rules_top(const char *name);
/* Can be the name of a user's folder: one component with an "@". */
bool rules_is_user(const char *name);

/* Names of accounts that are being deleted: CONDEMNED_PREFIX, 16 hex. */
#define RULES_CONDEMNED_PREFIX ".expired-"

/* What a plain file is, in a user's folder or a folder in it. */
enum file_kind {
	FILE_KNOWN, /* Dovecot's or ours, in use */
	FILE_STALE, /* goes when older than rules.stale */
	FILE_TRACE, /* a protocol log: goes when older than rules.mail */
	FILE_ODD,
};

enum file_kind rules_file(const char *name);
/* When a file of that kind goes; 0: never. */
int64_t rules_file_limit(const struct rules *rules, enum file_kind kind);

/* The size that counts for the quota: "S=" in the name, as Dovecot reads. */
uint64_t rules_quota_bytes(const char *name, uint64_t file_size);

#endif
