/*
 * settler.h - empties the journal of new accounts (user-journal.h) a while
 * after some have come into being, on a thread of its own.
 */
#ifndef CHATMAILD_DOVEAUTH_SETTLER_H
#define CHATMAILD_DOVEAUTH_SETTLER_H

#include <systemd/sd-event.h>

#include "chatmaild/common/user-journal.h"

struct settler;

/* `journal` has to outlive it. */
int settler_new(sd_event *event, struct user_journal *journal,
	struct settler **ret_settler) MUST_CHECK;
/* There is something new in the journal. */
void settler_plan(struct settler *settler);
/* The loop is over: from now on nothing is planned. Accepts NULL. */
void settler_stop(struct settler *settler);
/* Empties the journal a last time. Accepts NULL. */
void settler_free(struct settler *settler);

#endif
