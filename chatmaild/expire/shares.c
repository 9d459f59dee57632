/* shares.c - who takes most of a mailbox, and what of theirs goes. */
#include "chatmaild/expire/shares.h"

#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/util.h"

/* Senders who collide share a share. */
static uint64_t hash(struct slice text)
{
	uint64_t h = DIGEST_START;

	for (size_t i = 0; i < text.len; i++)
		h = digest_byte(h, (unsigned char)ascii_lower(text.ptr[i]));
	return h;
}

void shares_set_sender(
	struct shares_item *item, struct slice head, struct slice own_domain)
{
	const struct slice prefix = SLICE("Return-Path: <");
	struct slice address = slice_head(head, 0), rest, name, domain;

	if (slice_starts(head, prefix))
		slice_cut(slice_from(head, prefix.len), '>', &address, &rest);
	item->address = hash(address);
	item->sender = item->address;
	if (slice_cut_last(address, '@', &name, &domain) &&
		!slice_eq_nocase(domain, own_domain))
		item->sender = hash(domain);
}

/*
 * What a message takes of the limits: its bytes, and its part of the number
 * of messages in bytes. So a flood of small ones counts as one of large ones.
 */
static uint64_t cost(
	const struct shares_item *item, const struct shares_limit *limit)
{
	return item->bytes +
		(limit->messages ? limit->bytes / limit->messages : 0);
}

bool shares_fits(const struct shares_item *items, size_t n,
	const struct shares_limit *limit)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += items[i].bytes;
	return bytes <= limit->bytes && n <= limit->messages;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* 600 KB and 601 KB are of one size: then age decides. */
static int size_class(uint64_t bytes)
{
	return bytes == 0 ? 0 : 64 - __builtin_clzll(bytes);
}

/* By sender, address, the largest first, then the oldest. */
static int compare_items(const void *a, const void *b)
{
	const struct shares_item *x = a, *y = b;
	int r = compare(x->sender, y->sender);

	if (r == 0)
		r = compare(x->address, y->address);
	if (r == 0)
		r = size_class(y->bytes) - size_class(x->bytes);
	if (r == 0)
		r = (x->mtime_ns > y->mtime_ns) - (x->mtime_ns < y->mtime_ns);
	return r;
}

/* An address: its items that are not going begin at `next`. */
struct party {
	size_t next, end;
	size_t leader; /* party that counts for the whole sender */
	uint64_t cost;
	uint64_t sender_cost; /* of a leader: of all its parties */
};

static size_t find_parties(const struct shares_item *items, size_t n,
	const struct shares_limit *limit, struct party *parties)
{
	size_t n_parties = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_known = i > 0 && items[i].sender == items[i - 1].sender;
		if (!is_known || items[i].address != items[i - 1].address) {
			parties[n_parties] = (struct party){ .next = i };
			parties[n_parties].leader = is_known
				? parties[n_parties - 1].leader
				: n_parties;
			n_parties++;
		}
		struct party *p = &parties[n_parties - 1];
		p->end = i + 1;
		p->cost += cost(&items[i], limit);
		parties[p->leader].sender_cost += cost(&items[i], limit);
	}
	return n_parties;
}

/* The party that takes most, of the sender who takes most. */
static struct party *find_greatest(struct party *parties, size_t n)
{
	struct party *best = NULL;

	for (size_t i = 0; i < n; i++) {
		struct party *p = &parties[i];
		if (p->next == p->end)
			continue;
		int r = best ? compare(parties[p->leader].sender_cost,
				       parties[best->leader].sender_cost)
			     : 1;
		if (r > 0 ||
			(r == 0 && p->leader == best->leader &&
				p->cost > best->cost))
			best = p;
	}
	return best;
}

static size_t find_newest(const struct shares_item *items, size_t n)
{
	size_t newest = 0;

	for (size_t i = 1; i < n; i++)
		if (items[i].mtime_ns > items[newest].mtime_ns)
			newest = i;
	return newest;
}

void shares_choose(
	struct shares_item *items, size_t n, const struct shares_limit *limit)
{
	struct party *parties = xcalloc(n + 1, sizeof(*parties));
	struct party *p;
	uint64_t bytes = 0, left = n;

	qsort(items, n, sizeof(*items), compare_items);
	size_t newest = n > 0 ? find_newest(items, n) : 0;
	size_t n_parties = find_parties(items, n, limit, parties);
	for (size_t i = 0; i < n; i++)
		bytes += items[i].bytes;
	while ((bytes > limit->bytes || left > limit->messages) &&
		(p = find_greatest(parties, n_parties))) {
		struct shares_item *item = &items[p->next++];
		p->cost -= cost(item, limit);
		parties[p->leader].sender_cost -= cost(item, limit);
		if (item == &items[newest])
			continue;
		item->is_going = true;
		bytes -= item->bytes;
		left--;
	}
	free(parties);
}

static int compare_going(const void *a, const void *b)
{
	const struct shares_item *x = a, *y = b;

	if (x->is_going != y->is_going)
		return x->is_going ? -1 : 1;
	return compare(x->ino, y->ino);
}

size_t shares_sort_going(struct shares_item *items, size_t n)
{
	size_t n_going = 0;

	qsort(items, n, sizeof(*items), compare_going);
	while (n_going < n && items[n_going].is_going)
		n_going++;
	return n_going;
}

bool shares_is_going(const struct shares_item *items, size_t n, uint64_t ino,
	int64_t mtime_ns)
{
	const struct shares_item key = { .ino = ino, .is_going = true };
	const struct shares_item *item =
		bsearch(&key, items, n, sizeof(*items), compare_going);

	/* Another file may have the number of one that is gone. */
	return item && item->mtime_ns == mtime_ns;
}
