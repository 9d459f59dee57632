/*
 * inactive.h - accounts that nobody uses any more.
 *
 * The last login is the mtime of the password file. Such an account is
 * renamed to a name that no account can have, looked at once more, and
 * then removed: whoever logs in at this very moment keeps the account or
 * gets a new one, never a part of the old one. One that the operator has
 * blocked (user.h) stays, or its address could be had again.
 */
#ifndef CHATMAILD_EXPIRE_INACTIVE_H
#define CHATMAILD_EXPIRE_INACTIVE_H

#include "chatmaild/expire/task.h"

/*
 * `user` is the open folder `name` in `top`; the task stands at the top.
 * True when the account went, or would go on a dry run.
 */
bool inactive_remove(struct task *task, const struct dir *top, const char *name,
	const struct dir *user);

/*
 * The same for a folder without a password (a crash, or an account that
 * was deleted by hand) that nothing was written to for as long, once it
 * holds no message.
 */
bool inactive_remove_remains(struct task *task, const struct dir *top,
	const char *name, const struct dir *user);

#endif
