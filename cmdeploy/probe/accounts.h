/*
 * accounts.h - the accounts with which relays are tried. A handful for each
 * relay, kept in the cache folder of who tries, so that the relay does not
 * fill with more of them at each run:
 *
 *	$XDG_CACHE_HOME/cmdeploy/test/<domain>/accounts   (~/.cache without it)
 *
 * A line for each: role, address, password. Only their owner can read it.
 */
#ifndef CMDEPLOY_PROBE_ACCOUNTS_H
#define CMDEPLOY_PROBE_ACCOUNTS_H

#include <stdbool.h>

#include "lib/buf.h"

enum {
	PROBE_ACCOUNTS_MAX = 16,
	PROBE_ACCOUNT_CHARS = 9,
	PROBE_PASSWORD_CHARS = 22,
};

struct probe_account {
	char *role;
	char *address;
	char *password;
};

struct probe_accounts {
	char *dir;    /* of this relay */
	int lock_fd;  /* one run at a time */
	char *domain; /* behind the "@" */
	struct probe_account v[PROBE_ACCOUNTS_MAX];
	size_t n;
};

/*
 * Reads what earlier runs left. -EBUSY when another run tries the same
 * relay just now. `folder` names the relay, as one part of a path.
 */
int probe_accounts_open(struct probe_accounts *a, const char *folder,
	const char *domain, struct buf *why) MUST_CHECK;
void probe_accounts_release(struct probe_accounts *a);

/* The account of a role; NULL when there is none yet. */
const struct probe_account *probe_accounts_find(
	const struct probe_accounts *a, const char *role);
/* Writes it down for the next run. */
int probe_accounts_keep(struct probe_accounts *a,
	const struct probe_account *account, struct buf *why) MUST_CHECK;

/* Somebody who has no account yet; released by probe_account_release(). */
struct probe_account probe_account_invent(const char *domain, const char *role);
void probe_account_release(struct probe_account *account);

#define AUTO_ACCOUNT __attribute__((cleanup(probe_account_release)))

#endif
