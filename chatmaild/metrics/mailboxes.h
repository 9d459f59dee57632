/*
 * mailboxes.h - what there is in the mail folder: accounts, the days of
 * their last logins, and how full mailboxes are. That is what Dovecot
 * keeps in each maildirsize; where there is none, the names of the
 * messages tell (",S=<bytes>").
 */
#ifndef CHATMAILD_METRICS_MAILBOXES_H
#define CHATMAILD_METRICS_MAILBOXES_H

#include <stdint.h>
#include <time.h>

#include "chatmaild/common/user.h"

enum {
	LOGIN_AGES_N = 5,
};

/* In days: logged in today or yesterday, within a week, ... */
extern const unsigned login_ages[LOGIN_AGES_N];

struct mailboxes {
	uint64_t n_accounts;
	uint64_t n_test_accounts; /* not among those */
	uint64_t n_logged_in[LOGIN_AGES_N];
	uint64_t bytes;
	uint64_t n_messages;
	uint64_t n_notifications; /* in the notifier's queue */
};

/* Users that come and go meanwhile are not a failure. */
int mailboxes_count(const struct users *users, time_t now,
	struct mailboxes *ret_mailboxes, struct buf *why) MUST_CHECK;

/*
 * Sums up a maildirsize: a line of limits, then "<bytes> <messages>"
 * each, which may be negative. false when it is something else.
 */
bool maildirsize_parse(struct slice text, uint64_t *ret_bytes,
	uint64_t *ret_messages) MUST_CHECK;

#endif
