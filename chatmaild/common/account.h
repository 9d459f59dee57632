/*
 * account.h - who may be created.
 *
 * An address is <name>@<our domain>; the name begins with a letter or a
 * digit and goes on with those and "-", "." and "_", in lower case; no two
 * dots stand together, and none at the end. Lengths come from chatmail.ini.
 * Accounts that exist go on whatever these rules say.
 */
#ifndef CHATMAILD_COMMON_ACCOUNT_H
#define CHATMAILD_COMMON_ACCOUNT_H

#include "chatmaild/common/config.h"

struct account_rules {
	const struct config *config;
	/* While one of these files is there, nobody is created. */
	char *nocreate[2];
};

/* /etc/chatmail-nocreate, and chatmail-nocreate beside the INI file. */
void account_rules_init(struct account_rules *rules,
	const struct config *config, const char *ini_path);
void account_rules_release(struct account_rules *rules);

/* The file that stops all creation, or NULL. */
const char *account_nocreate(const struct account_rules *rules);

/*
 * 0 when the account may be created; else -EPERM, and for the log in
 * `why` reason=... with lengths and limits, never the password.
 */
int account_check(const struct account_rules *rules, struct slice address,
	struct slice password, struct buf *why) MUST_CHECK;

/* What the machine is short of: nobody is created meanwhile. */
enum account_resource {
	ACCOUNT_LOAD,   /* there is more than the limit */
	ACCOUNT_MEMORY, /* bytes; less than the limit is available */
	ACCOUNT_DISK,   /* bytes; less than the limit is free */
	ACCOUNT_FILES,  /* that can be made; less than the limit are left */
};

struct account_shortage {
	enum account_resource of;
	double is, limit;
};

/* The first one; false when there is none. */
bool account_find_shortage(
	const struct config *config, struct account_shortage *ret_shortage);

/*
 * Whether the machine can carry one more: load, memory and space on the
 * disk of the mail folder. -EBUSY with reason=..., for the log, when it
 * cannot.
 */
int account_check_machine(
	const struct account_rules *rules, struct buf *why) MUST_CHECK;

#endif
