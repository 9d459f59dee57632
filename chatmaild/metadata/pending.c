/* pending.c - a table of tokens and one of users (pending.h). */
#include "chatmaild/metadata/pending.h"

#include <stdlib.h>

#include "lib/die.h"
#include "lib/digest.h"
#include "lib/util.h"

/* Its default function falls through cases, of which clang complains. */
#define HASH_FUNCTION(key, len, ret) HASH_OAT(key, len, ret)
#define uthash_fatal(text)           oom()
#include <uthash.h>

enum {
	/* Of the oldest tokens, how many are looked at when one comes. */
	TIDY_N = 2,
};

struct token {
	UT_hash_handle hh;
	uint64_t key;
	uint64_t rests_until;
	bool waits;
};

struct user {
	UT_hash_handle hh;
	uint64_t key;
	size_t n; /* that wait */
};

struct pending {
	uint64_t seed; /* secret, so that nobody can make equal digests */
	struct token *tokens; /* in the order of their last use */
	struct user *users;
};

struct pending *pending_new(void)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	arc4random_buf(&p->seed, sizeof(p->seed));
	return p;
}

static void forget(struct pending *p, struct token *t)
{
	HASH_DEL(p->tokens, t);
	free(t);
}

static void forget_user(struct pending *p, struct user *u)
{
	HASH_DEL(p->users, u);
	free(u);
}

void pending_free(struct pending *p)
{
	if (!p)
		return;
	while (p->tokens)
		forget(p, p->tokens);
	while (p->users)
		forget_user(p, p->users);
	free(p);
}

struct pending_key pending_key(
	const struct pending *p, struct slice user, struct slice token)
{
	uint64_t digest = digest_byte(digest_add(p->seed, user), 256);

	return (struct pending_key){ digest, digest_add(digest, token) };
}

static struct user *find_user(const struct pending *p, uint64_t key)
{
	struct user *u;

	HASH_FIND(hh, p->users, &key, sizeof(key), u);
	return u;
}

static struct token *find(const struct pending *p, uint64_t key)
{
	struct token *t;

	HASH_FIND(hh, p->tokens, &key, sizeof(key), t);
	return t;
}

enum pending_room pending_room(const struct pending *p, struct pending_key key)
{
	const struct token *t = find(p, key.token);
	const struct user *u = find_user(p, key.user);

	if (t && t->waits)
		return PENDING_WAITS;
	return u && u->n >= PENDING_USER_MAX ? PENDING_FULL : PENDING_ROOM;
}

static void append(struct pending *p, struct token *t)
{
	HASH_ADD(hh, p->tokens, key, sizeof(t->key), t);
}

/* What waits goes to the end; what has rested is forgotten. */
static void tidy(struct pending *p, uint64_t now)
{
	for (int i = 0; i < TIDY_N && p->tokens; i++) {
		struct token *t = p->tokens;
		if (!t->waits && t->rests_until > now)
			return;
		HASH_DEL(p->tokens, t);
		if (t->waits)
			append(p, t);
		else
			free(t);
	}
}

static void count(struct pending *p, uint64_t key)
{
	struct user *u = find_user(p, key);

	if (!u) {
		u = xcalloc(1, sizeof(*u));
		u->key = key;
		HASH_ADD(hh, p->users, key, sizeof(u->key), u);
	}
	u->n++;
}

uint64_t pending_add(struct pending *p, struct pending_key key, uint64_t now)
{
	tidy(p, now);
	struct token *t = find(p, key.token);

	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->key = key.token;
		append(p, t);
	}
	if (!t->waits)
		count(p, key.user);
	t->waits = true;
	return t->rests_until > now ? t->rests_until : now;
}

void pending_remove(struct pending *p, struct pending_key key, uint64_t now)
{
	struct token *t = find(p, key.token);
	struct user *u = find_user(p, key.user);

	if (!t || !t->waits)
		return;
	t->waits = false;
	t->rests_until = now + PENDING_REST_USEC;
	HASH_DEL(p->tokens, t);
	append(p, t);
	if (u && --u->n == 0)
		forget_user(p, u);
}
