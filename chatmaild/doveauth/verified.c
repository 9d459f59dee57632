/*
 * verified.c - a table of keyed hashes, each in the place that the hash of
 * its user chooses (verified.h).
 */
#include "chatmaild/doveauth/verified.h"

#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>
#include <stdint.h>
#include <string.h>

enum {
	GROUPS = 16384, /* a power of two */
	PLACES = 4,
	TAG_BYTES = crypto_generichash_BYTES_MIN,
	KEY_BYTES = crypto_generichash_KEYBYTES,
};

struct group {
	unsigned char tags[PLACES][TAG_BYTES];
};

struct verified {
	unsigned char key[KEY_BYTES];
	/* Pages that nobody has written to take no memory. */
	struct group *groups;
};

struct verified *verified_new(void)
{
	struct verified *v = xcalloc(1, sizeof(*v));

	arc4random_buf(v->key, sizeof(v->key));
	v->groups = xcalloc(GROUPS, sizeof(*v->groups));
	return v;
}

void verified_free(struct verified *v)
{
	if (!v)
		return;
	explicit_bzero(v->key, sizeof(v->key));
	free(v->groups);
	free(v);
}

/* The length stands before each part: nothing moves from one to another. */
static void add_part(crypto_generichash_state *state, struct slice part)
{
	uint64_t len = part.len;

	crypto_generichash_update(
		state, (const unsigned char *)&len, sizeof(len));
	crypto_generichash_update(
		state, (const unsigned char *)part.ptr, part.len);
}

static void make_tag(const struct verified *v, const struct slice *parts,
	size_t n, unsigned char *tag)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, v->key, sizeof(v->key), TAG_BYTES);
	for (size_t i = 0; i < n; i++)
		add_part(&state, parts[i]);
	crypto_generichash_final(&state, tag, TAG_BYTES);
	explicit_bzero(&state, sizeof(state));
}

static struct group *group_of(const struct verified *v, struct slice user)
{
	unsigned char tag[TAG_BYTES];
	uint16_t group;

	make_tag(v, &user, 1, tag);
	memcpy(&group, tag, sizeof(group));
	return &v->groups[group % GROUPS];
}

bool verified_has(const struct verified *v, struct slice user,
	struct slice password, struct slice stored)
{
	const struct slice parts[] = { user, password, stored };
	const struct group *group = group_of(v, user);
	unsigned char tag[TAG_BYTES];
	bool has = false;

	make_tag(v, parts, ARRAY_LEN(parts), tag);
	for (int i = 0; i < PLACES; i++)
		has |= sodium_memcmp(group->tags[i], tag, TAG_BYTES) == 0;
	return has;
}

/* Into a free place, or else into any. */
void verified_add(struct verified *v, struct slice user, struct slice password,
	struct slice stored)
{
	const struct slice parts[] = { user, password, stored };
	struct group *group = group_of(v, user);
	uint32_t place = arc4random_uniform(PLACES);

	for (uint32_t i = 0; i < PLACES; i++)
		if (sodium_is_zero(group->tags[i], TAG_BYTES))
			place = i;
	make_tag(v, parts, ARRAY_LEN(parts), group->tags[place]);
}
