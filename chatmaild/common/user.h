/*
 * user.h - users on disk: <mailboxes_dir>/<address>/password.
 *
 * The file holds {SHA512-CRYPT} and what crypt(3) made; its mtime is the
 * start of the day of the last login. A missing file is no account, nor is
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
 * `ini_path` tells where the echo bot's password is: in
 * /run/echobot/password for an INI file in /etc/chatmail, else in the
 * file echobot-password beside the INI file.
 */
void users_init(
	struct users *users, const struct config *config, const char *ini_path);
void users_release(struct users *users);

/*
 * An address that can be a folder of ours: visible ASCII without "/",
 * begins with no dot, and ends in "@" and our domain. All that follows
 * answers "no such user" to anything else.
 */
bool user_is_address(const struct users *users, struct slice address);
bool user_is_echo(const struct users *users, struct slice address);

/*
 * The operator has put a file of this name into the user's folder: nobody
 * gets in, or gets the address anew, until it is removed.
 */
#define USER_BLOCKED "blocked"

bool user_is_blocked(const struct users *users, struct slice address);

/* What a password file says, of its contents; empty: it is no account. */
struct slice user_password_in(struct slice text);

/* Appends the path of the user's folder. */
void user_add_home(
	const struct users *users, struct slice address, struct buf *out);

/*
 * Appends "{SHA512-CRYPT}$6$...". 1; 0: no such account; negative: the
 * disk or the file is broken, `why` names the path.
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
 * An account in the making. The steps may be done for several accounts
 * side by side, so that one wait for the disk serves them all:
 *
 *   user_draft_write()    folder, and the file, which has no name yet
 *   user_draft_sync()     the file is on disk
 *   user_draft_publish()  the file gets its name, unless there is one
 *   user_draft_settle()   the name is on disk
 *
 * Who has written the account to a journal (user-journal.h) after the
 * first step may leave out the syncing ones.
 *
 * A crash anywhere leaves no account, or a whole one. The first one to
 * publish wins, also between processes; the others learn the password
 * that holds. user_draft_release() ends a draft at any point, and removes
 * a folder that it made in vain.
 */
struct user_draft {
	char *home;
	int dir_fd;
	int file_fd;
	char tmp_name[32]; /* where the file system has no nameless files */
	bool has_made_home;
	bool is_published;
};

int user_draft_write(struct user_draft *draft, const struct users *users,
	struct slice address, struct slice password,
	struct buf *why) MUST_CHECK;
int user_draft_sync(struct user_draft *draft, struct buf *why) MUST_CHECK;
/* 1; or 0 and the password file's contents, when somebody was first. */
int user_draft_publish(struct user_draft *draft, struct buf *ret_password,
	struct buf *why) MUST_CHECK;
int user_draft_settle(struct user_draft *draft, struct buf *why) MUST_CHECK;
void user_draft_release(struct user_draft *draft);
/* In place of a sync or settle of each draft: syncs the whole disk. */
int users_sync_all(const struct users *users, struct buf *why) MUST_CHECK;
/* New folders are on disk; once for all drafts that were published. */
int users_settle(const struct users *users, struct buf *why) MUST_CHECK;

#endif
