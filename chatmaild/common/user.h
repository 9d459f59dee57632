/*
 * user.h - users on disk: <mailboxes_dir>/<address>/password.
 *
 * The file holds {SHA512-CRYPT} and what crypt(3) made; its mtime is the
 * start of the day of the last login. A missing file is not an account, nor is
 * an empty one, or one of NULs alone, as a crash may leave it. The folder is
 * the user's maildir as well. The echo bot's password lies outside of the mail
 * folder.
 */
#ifndef CHATMAILD_COMMON_USER_H
#define CHATMAILD_COMMON_USER_H

#include <dirent.h>
#include <time.h>

#include "chatmaild/common/config.h"

struct users {
	char *dir;
	char *domain;        /* as in addresses: "[1.2.3.4]" for an IP */
	char *echo_password; /* path, or NULL: there is no echo bot */
};

/*
 * The hash of the echo bot's password is in the file echobot-password beside
 * the INI file.
 */
void users_init(
	struct users *users, const struct config *config, const char *ini_path);
void users_release(struct users *users);

/*
 * An address that can be a folder of ours: visible ASCII without "/" that
 * ends in "@" and our domain. All that follows answers "no such user" to
 * anything else.
 */
bool user_is_address(const struct users *users, struct slice address);
bool user_is_echo(const struct users *users, struct slice address);

/*
 * The operator has put a file of this name into the user's folder: nobody
 * gets in, or creates the address again, until it is removed.
 */
#define USER_BLOCKED "blocked"

bool user_is_blocked(const struct users *users, struct slice address);

/* Of a file of this name: no mail arrives for them; they still get in. */
#define USER_DISABLED "DISABLED"

bool user_takes_no_mail(const struct users *users, struct slice address);

/*
 * Of a file of this name, which the relay software in Python writes: mail
 * from outside has to be encrypted for them whatever filter_incoming says.
 * Filtermail asks doveauth who demands it, in the map below, whose name must
 * stay: the two may be of two versions while a relay is brought up to date. 1
 * when it is there, 0 when it is not; negative: it cannot be known now.
 */
#define USER_DEMANDS     "enforceE2EEincoming"
#define USER_MAP_DEMANDS "encrypted"

int user_demands_encryption(
	const struct users *users, struct slice address) MUST_CHECK;

/* What a password file says, of its contents; empty: it is not an account. */
struct slice user_password_in(struct slice text);

/* Appends the path of the user's folder. */
void user_add_home(
	const struct users *users, struct slice address, struct buf *out);

/*
 * Appends "{SHA512-CRYPT}$6$...". 1; 0: no such account; negative: the
 * disk or the file is broken; `why` has nothing personal in it.
 */
int user_read_password(const struct users *users, struct slice address,
	struct buf *out, struct buf *why) MUST_CHECK;

/*
 * Stamps the day of a login. 1 when the stamp changed, 0 when it was the
 * same; -ENOENT when there is no such account.
 */
int user_touch_login(const struct users *users, struct slice address,
	time_t when, struct buf *why) MUST_CHECK;

/* All accounts in the mail folder, in no order. */
struct user_list {
	DIR *dir;
};

int user_list_open(const struct users *users, struct user_list *ret_list,
	struct buf *why) MUST_CHECK;
/* 1 and an address that is valid until the next call; 0 at the end. */
int user_list_next(
	struct user_list *list, struct slice *ret_address) MUST_CHECK;
void user_list_close(struct user_list *list);

/*
 * Makes the account whose password file says `password`; waits for the
 * disk. 1 when it is there and durable; 0 when somebody was first, and what
 * their file says is appended to *ret_password. A crash at any moment leaves
 * no account, or a whole one; the first one wins, also between processes.
 */
int user_create(const struct users *users, struct slice address,
	struct slice password, struct buf *ret_password,
	struct buf *why) MUST_CHECK;

#endif
