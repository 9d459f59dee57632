/*
 * sweep.h - one user's mailbox: old and large messages, leftovers, and
 * the oldest messages of a mailbox that is too full. In one pass.
 */
#ifndef CHATMAILD_EXPIRE_SWEEP_H
#define CHATMAILD_EXPIRE_SWEEP_H

#include "chatmaild/expire/task.h"

/* `user` is the folder, unread so far; the task stands in it. */
void sweep_user(struct task *task, struct dir *user);

#endif
