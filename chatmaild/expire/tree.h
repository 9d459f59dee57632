/*
 * tree.h - whole folders that go.
 */
#ifndef CHATMAILD_EXPIRE_TREE_H
#define CHATMAILD_EXPIRE_TREE_H

#include "chatmaild/expire/task.h"

/*
 * Removes the folder and all in it: symbolic links as such, nothing that
 * is mounted. Counts messages and bytes. On a dry run it only counts.
 */
void tree_remove(struct task *task, const struct dir *parent, const char *name);

/*
 * Removes what is left of a mailbox: index and temporary files, empty
 * folders of a maildir, and the folder itself when nothing else is in
 * it. Never removes a message, a password, or what it does not know: a
 * mailbox that is being made or used in this moment goes on. True when
 * the folder went.
 */
bool tree_remove_remains(
	struct task *task, const struct dir *parent, const char *name);

/* "cur", "new" or "tmp". */
bool tree_is_maildir_part(const char *name);

#endif
