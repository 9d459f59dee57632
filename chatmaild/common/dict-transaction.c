/* dict-transaction.c - changes that are collected until their commit. */
#include "chatmaild/common/dict-transaction.h"

#include <errno.h>
#include <string.h>

#include "chatmaild/common/limits.h"

/* NULL when it is not open. */
static struct dict_transaction *find(
	const struct dict_transactions *all, uint64_t id)
{
	struct dict_transaction *t = all->first;

	while (t && t->id != id)
		t = t->next;
	return t;
}

static int unknown(struct buf *why)
{
	return because(why, -EPROTO, "unknown transaction");
}

int dict_transactions_begin(struct dict_transactions *all,
	const struct dict_command *command, struct buf *why)
{
	if (find(all, command->id))
		return because(why, -EPROTO, "transaction begun twice");
	if (all->n == DICT_TRANSACTIONS_MAX)
		return because(why, -EPROTO, "more than %d open transactions",
			DICT_TRANSACTIONS_MAX);
	struct dict_transaction *t = xcalloc(1, sizeof(*t) + command->user.len);
	char *user = (char *)(t + 1);
	memcpy(user, command->user.ptr ? command->user.ptr : "",
		command->user.len);
	t->id = command->id;
	t->user = slice_make(user, command->user.len);
	t->tail = &t->changes;
	t->next = all->first;
	all->first = t;
	all->n++;
	return 0;
}

/* Keeps a copy of the change, in one piece of memory. */
static void add_change(
	struct dict_transaction *t, const struct dict_command *command)
{
	size_t bytes = command->key.len + command->value.len;

	if (t->n_changes == DICT_CHANGES_MAX ||
		t->n_bytes + bytes > DICT_CHANGES_MAX_BYTES) {
		t->failure = "transaction too large";
		return;
	}
	struct dict_change *change = xcalloc(1, sizeof(*change) + bytes);
	char *text = (char *)(change + 1);
	memcpy(text, command->key.ptr, command->key.len);
	if (command->value.len)
		memcpy(text + command->key.len, command->value.ptr,
			command->value.len);
	change->verb = command->verb;
	change->key = slice_make(text, command->key.len);
	change->value = slice_make(text + command->key.len, command->value.len);
	*t->tail = change;
	t->tail = &change->next;
	t->n_changes++;
	t->n_bytes += bytes;
}

int dict_transactions_change(struct dict_transactions *all,
	const struct dict_command *command, struct buf *why)
{
	struct dict_transaction *t = find(all, command->id);

	if (!t)
		return unknown(why);
	if (command->verb == DICT_ADD)
		t->failure = "counters are not supported";
	else
		add_change(t, command);
	return 0;
}

int dict_transactions_check(
	const struct dict_transactions *all, uint64_t id, struct buf *why)
{
	return find(all, id) ? 0 : unknown(why);
}

int dict_transactions_take(struct dict_transactions *all, uint64_t id,
	struct dict_transaction **ret_transaction, struct buf *why)
{
	struct dict_transaction **at = &all->first;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	struct dict_transaction *t = *at;
	if (!t)
		return unknown(why);
	*at = t->next;
	all->n--;
	*ret_transaction = t;
	return 0;
}

void dict_transactions_release(struct dict_transactions *all)
{
	struct dict_transaction *t;

	while ((t = all->first)) {
		all->first = t->next;
		dict_transaction_free(t);
	}
	all->n = 0;
}

void dict_transaction_free(struct dict_transaction *t)
{
	struct dict_change *next;

	for (struct dict_change *c = t ? t->changes : NULL; c; c = next) {
		next = c->next;
		free(c);
	}
	free(t);
}
