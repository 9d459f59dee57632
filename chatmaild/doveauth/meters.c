/*
 * meters.c - a table of counts with a few places for each hash (meters.h).
 */
#include "chatmaild/doveauth/meters.h"

#include <sodium/crypto_shorthash.h>

enum {
	GROUPS = 8192, /* a power of two */
	PLACES = 4,
};

struct meter {
	uint64_t hash;
	uint32_t began;
	uint32_t count; /* 0: a free place */
};

struct meters {
	unsigned char secret[crypto_shorthash_KEYBYTES];
	uint32_t window_sec;
	/* Pages that nobody has written to take no memory. */
	struct meter (*groups)[PLACES];
};

struct meters *meters_new(uint32_t window_sec)
{
	struct meters *m = xcalloc(1, sizeof(*m));

	arc4random_buf(m->secret, sizeof(m->secret));
	m->window_sec = window_sec;
	m->groups = xcalloc(GROUPS, sizeof(*m->groups));
	return m;
}

void meters_free(struct meters *m)
{
	if (!m)
		return;
	free(m->groups);
	free(m);
}

static uint64_t hash_of(const struct meters *m, struct slice key)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.ptr,
		key.len, m->secret);
	return hash;
}

static struct meter *find(const struct meters *m, uint64_t hash)
{
	struct meter *group = m->groups[hash % GROUPS];

	for (int i = 0; i < PLACES; i++)
		if (group[i].count > 0 && group[i].hash == hash)
			return &group[i];
	return NULL;
}

static bool is_over(
	const struct meters *m, const struct meter *meter, uint32_t now)
{
	return now - meter->began >= m->window_sec;
}

/* A free place, or else the one that began first. */
static struct meter *make_room(struct meters *m, uint64_t hash)
{
	struct meter *group = m->groups[hash % GROUPS], *found = group;

	for (int i = 0; i < PLACES && found->count > 0; i++)
		if (group[i].count == 0 || group[i].began < found->began)
			found = &group[i];
	return found;
}

uint32_t meters_count(const struct meters *m, struct slice key, uint32_t now)
{
	const struct meter *meter = find(m, hash_of(m, key));

	return meter && !is_over(m, meter, now) ? meter->count : 0;
}

void meters_add(struct meters *m, struct slice key, uint32_t now)
{
	uint64_t hash = hash_of(m, key);
	struct meter *meter = find(m, hash);

	if (!meter)
		meter = make_room(m, hash);
	if (meter->hash != hash || meter->count == 0 || is_over(m, meter, now))
		*meter = (struct meter){ .hash = hash, .began = now };
	meter->count++;
}

void meters_sub(struct meters *m, struct slice key, uint32_t now)
{
	struct meter *meter = find(m, hash_of(m, key));

	if (meter && !is_over(m, meter, now))
		meter->count--;
}

void meters_reset(struct meters *m, struct slice key)
{
	struct meter *meter = find(m, hash_of(m, key));

	if (meter)
		meter->count = 0;
}
