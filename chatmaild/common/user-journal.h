/*
 * user-journal.h - what makes new accounts durable with one short write.
 *
 * <mailboxes_dir>/.creations is a file of a fixed size (no address begins
 * with a dot). A batch of new accounts is appended to it as records and
 * synced, which touches no metadata; then the password files get their
 * names without waiting for the disk. Now and then user_journal_settle()
 * syncs the disk and empties what that made needless. After a crash the
 * next one who takes the journal puts in place what is missing; a
 * password file that is there always wins.
 *
 * One process at a time has the journal; another one on the same mail
 * folder has to sync each file before it names it, and the folders after
 * (user.h). It takes the journal over when its owner is gone.
 *
 * A record is a line: number TAB address TAB password file TAB checksum
 * (FNV-1a of all before, 16 hex digits). Of two records for one address
 * only the last can have become an account. Lines that are not whole
 * were never promised to anybody, and are dropped. The two halves of the
 * file serve in turn: one takes records while the other is emptied.
 *
 * Any thread may do anything, as long as there is one batch at a time
 * with the same address.
 */
#ifndef CHATMAILD_COMMON_USER_JOURNAL_H
#define CHATMAILD_COMMON_USER_JOURNAL_H

#include "chatmaild/common/limits.h"
#include "chatmaild/common/user.h"

struct user_journal;

/* What was found in it. */
struct user_replay {
	size_t n_records;
	size_t n_placed; /* accounts that were not on disk */
	size_t n_bad;    /* lines that are no whole record */
};

/* `users` has to outlive it. Touches no disk. */
struct user_journal *user_journal_new(const struct users *users);
/* Settles nothing; what is in it waits for the next owner. Accepts NULL. */
void user_journal_free(struct user_journal *journal);

/*
 * 1: it is ours, and *ret_replay (may be NULL) says what was done if it
 * was not ours before; 0: another process has it; negative: it cannot be
 * opened or replayed, and nobody may be created. Waits while another
 * process replays it.
 */
int user_journal_take(struct user_journal *journal,
	struct user_replay *ret_replay, struct buf *why) MUST_CHECK;

/*
 * For a journal that is ours: add to a batch that is USER_BATCH_INIT, commit
 * it, publish the drafts (user.h), and end it. After a commit that failed
 * nothing may be published, and it is to be ended all the same.
 */
struct user_batch {
	struct buf records;
	unsigned half; /* where it is, once it is committed */
	bool is_committed;
};

#define USER_BATCH_INIT                                                        \
	((struct user_batch){ .records = BUF_INIT(JOURNAL_HALF_BYTES) })

void user_batch_add(struct user_journal *journal, struct user_batch *batch,
	struct slice address, struct slice password);
int user_batch_commit(struct user_journal *journal, struct user_batch *batch,
	struct buf *why) MUST_CHECK;
void user_batch_end(struct user_journal *journal, struct user_batch *batch);

/*
 * Makes durable what was published, and empties its records. On failure
 * they stay.
 */
int user_journal_settle(
	struct user_journal *journal, struct buf *why) MUST_CHECK;

#endif
