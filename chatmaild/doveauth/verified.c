/*
 * verified.c - a table of keyed hashes, each in the place that the hash of
 * its user chooses (verified.h).
 */
#include "chatmaild/doveauth/verified.h"

#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>
#include <stdint.h>
#include <string.h>

#include "lib/random.h"

enum {
	PLACES = 65536,
	TAG_BYTES = crypto_generichash_BYTES_MIN,
	KEY_BYTES = crypto_generichash_KEYBYTES,
};

struct verified {
	unsigned char key[KEY_BYTES];
	/* Pages that nobody has written to take no memory. */
	unsigned char (*tags)[TAG_BYTES];
};

struct verified *verified_new(void)
{
	struct verified *v = xcalloc(1, sizeof(*v));

	random_fill(v->key, sizeof(v->key));
	v->tags = xcalloc(PLACES, sizeof(*v->tags));
	return v;
}

void verified_free(struct verified *v)
{
	if (!v)
		return;
	explicit_bzero(v->key, sizeof(v->key));
	free(v->tags);
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

static unsigned char *place_of(const struct verified *v, struct slice user)
{
	unsigned char tag[TAG_BYTES];
	uint16_t place;

	make_tag(v, &user, 1, tag);
	memcpy(&place, tag, sizeof(place));
	return v->tags[place % PLACES];
}

bool verified_has(const struct verified *v, struct slice user,
	struct slice password, struct slice stored)
{
	const struct slice parts[] = { user, password, stored };
	unsigned char tag[TAG_BYTES];

	make_tag(v, parts, ARRAY_LEN(parts), tag);
	return sodium_memcmp(place_of(v, user), tag, TAG_BYTES) == 0;
}

void verified_add(struct verified *v, struct slice user, struct slice password,
	struct slice stored)
{
	const struct slice parts[] = { user, password, stored };

	make_tag(v, parts, ARRAY_LEN(parts), place_of(v, user));
}
