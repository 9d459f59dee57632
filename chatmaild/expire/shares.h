/*
 * shares.h - which messages of an overfull mailbox go, as a pure function.
 *
 * All who write to a mailbox share it. A sender is an account of this relay,
 * or a domain outside, and within it an address. What goes first is the
 * largest message (by powers of two; of these the oldest) of the address that
 * takes most, of the sender who takes most. So who floods a mailbox displaces
 * their own mail, and that of others stays, read or not.
 */
#ifndef CHATMAILD_EXPIRE_SHARES_H
#define CHATMAILD_EXPIRE_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/slice.h"

struct shares_item {
	uint64_t sender;  /* by shares_set_sender() */
	uint64_t address; /* of the sender's */
	uint64_t ino;
	int64_t mtime_ns;
	uint64_t bytes;
	bool is_going;
};

/* What may stay. */
struct shares_limit {
	uint64_t bytes;
	uint64_t messages;
};

/*
 * From the beginning of a message as Dovecot stores it: "Return-Path: <a@b>".
 * What the owner put there themselves has none; that is a sender, too.
 */
void shares_set_sender(
	struct shares_item *item, struct slice head, struct slice own_domain);

bool shares_fits(const struct shares_item *items, size_t n,
	const struct shares_limit *limit);

/*
 * Sets is_going of so many that the rest fits; the newest one stays in any
 * case. Sorts the items: those of one address stand together.
 */
void shares_choose(
	struct shares_item *items, size_t n, const struct shares_limit *limit);

/* After shares_choose(): those that go come first, by inode; how many. */
size_t shares_sort_going(struct shares_item *items, size_t n);
/* It is one of the first n. */
bool shares_is_going(const struct shares_item *items, size_t n, uint64_t ino,
	int64_t mtime_ns);

#endif
