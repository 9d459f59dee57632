/*
 * pass.h - one pass over the mail folder, by a few threads, each of which
 * takes the next account.
 */
#ifndef CHATMAILD_EXPIRE_PASS_H
#define CHATMAILD_EXPIRE_PASS_H

#include "chatmaild/expire/task.h"

/* `top` is the mail folder. Shows how far it is on a terminal. */
void pass_run(
	const struct plan *plan, struct dir *top, struct counts *ret_counts);

#endif
