/*
 * old-journal.h - the journal of new accounts that versions before 1.1 kept.
 *
 * <mailboxes_dir>/.creations holds records and NULs. A record is a line:
 * number TAB address TAB password file TAB checksum (FNV-1a of all before,
 * 16 hex digits). Of two records for one address only the one with the
 * greater number can have become an account. Lines that are not whole were
 * never promised to anybody.
 */
#ifndef CHATMAILD_DOVEAUTH_OLD_JOURNAL_H
#define CHATMAILD_DOVEAUTH_OLD_JOURNAL_H

#include "chatmaild/common/user.h"

/*
 * Puts in place what is missing of it, and removes it. 1 when there was
 * one, and how many accounts were missing; 0 when there was none. On
 * failure it is kept, and `why` says what to mend.
 */
int old_journal_replay(const struct users *users, size_t *ret_n_placed,
	struct buf *why) MUST_CHECK;

#endif
