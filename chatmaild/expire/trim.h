/*
 * trim.h - a mailbox that is too full: its oldest messages go.
 */
#ifndef CHATMAILD_EXPIRE_TRIM_H
#define CHATMAILD_EXPIRE_TRIM_H

#include "chatmaild/expire/task.h"

/*
 * Deletes the oldest messages, of all folders, until at most rules.enough
 * bytes stay; the newest message stays in any case. What arrives in the
 * meantime is counted again afterwards, until the mailbox is below
 * rules.overfull. Two of these on one mailbox wait for each other.
 */
void trim_mailbox(struct task *task, const struct dir *user);

/* Dovecot counts again when `maildirsize` is not there. */
void trim_forget_quota(struct task *task, const struct dir *user);

/* There is a message in cur/ or new/ of some folder. */
bool trim_has_messages(struct task *task, const struct dir *user);

#endif
