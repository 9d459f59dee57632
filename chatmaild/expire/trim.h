/*
 * trim.h - a mailbox that is too full: messages go (shares.h).
 */
#ifndef CHATMAILD_EXPIRE_TRIM_H
#define CHATMAILD_EXPIRE_TRIM_H

#include "chatmaild/expire/task.h"

/*
 * Deletes messages, of all folders, until what stays is within rules.enough;
 * the newest message stays in any case. What arrives in the meantime is counted
 * again afterwards, until the mailbox is below rules.overfull. Two of these on
 * one mailbox wait for each other.
 */
void trim_mailbox(struct task *task, const struct dir *user);

/* Dovecot counts again when `maildirsize` is not there. */
void trim_forget_quota(struct task *task, const struct dir *user);

/* There is a message in cur/ or new/ of some folder. */
bool trim_has_messages(struct task *task, const struct dir *user);

#endif
