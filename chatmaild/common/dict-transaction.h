/*
 * dict-transaction.h - the open transactions of one connection of Dovecot's
 * dict protocol: what each of them has set and unset, until it is committed
 * or rolled back. Pure.
 *
 * An id that is used wrongly is -EPROTO, with a reason. A change that cannot
 * be kept fails its transaction, which whoever commits it is told then.
 */
#ifndef CHATMAILD_COMMON_DICT_TRANSACTION_H
#define CHATMAILD_COMMON_DICT_TRANSACTION_H

#include "mail/dict.h"

struct dict_change {
	struct dict_change *next;
	enum dict_verb verb; /* DICT_SET or DICT_UNSET */
	struct slice key;
	struct slice value;
};

struct dict_transaction {
	struct dict_transaction *next;
	uint64_t id;
	struct slice user; /* from begin; may be empty */
	struct dict_change *changes;
	struct dict_change **tail;
	size_t n_changes;
	size_t n_bytes;
	const char *failure; /* why it cannot be committed, or NULL */
};

/* Zeroed: none is open. */
struct dict_transactions {
	struct dict_transaction *first;
	size_t n;
};

/* DICT_BEGIN. */
int dict_transactions_begin(struct dict_transactions *all,
	const struct dict_command *command, struct buf *why) MUST_CHECK;
/* DICT_SET, DICT_UNSET, DICT_ADD; keeps a copy. */
int dict_transactions_change(struct dict_transactions *all,
	const struct dict_command *command, struct buf *why) MUST_CHECK;
/* Nothing changes; it has to be open. */
int dict_transactions_check(const struct dict_transactions *all, uint64_t id,
	struct buf *why) MUST_CHECK;
/* It is open no more; the caller frees it. */
int dict_transactions_take(struct dict_transactions *all, uint64_t id,
	struct dict_transaction **ret_transaction, struct buf *why) MUST_CHECK;
void dict_transactions_release(struct dict_transactions *all);

void dict_transaction_free(struct dict_transaction *t); /* accepts NULL */

#endif
