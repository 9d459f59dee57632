#include "chatmaild/common/rate.h"

#include <string.h>

#include "lib/digest.h"
#include "lib/random.h"

enum {
	WINDOW_USEC = 60 * 1000 * 1000,
	FIRST_BUCKETS = 64,
	FIRST_TIMES = 4,
};

/* The name, in lower case, follows the struct. */
struct sender {
	struct sender *next_in_bucket;
	struct sender *older, *newer; /* by the last message */
	uint64_t hash;
	uint64_t *times; /* a ring of `cap`, the oldest at `first` */
	uint64_t last;
	uint64_t full_until; /* GCRA: theoretical arrival time */
	uint32_t cap, first, n;
	uint32_t name_len;
	char name[];
};

struct rate {
	struct rate_limits limits;
	struct sender **buckets;
	size_t n_buckets; /* a power of two */
	size_t n_senders;
	struct sender *oldest, *newest;
	uint64_t seed;
};

/* Of the name in lower case, from a secret start. */
static uint64_t hash_name(const struct rate *rate, struct slice name)
{
	uint64_t hash = rate->seed;

	for (size_t i = 0; i < name.len; i++)
		hash = digest_byte(
			hash, (unsigned char)ascii_lower(name.ptr[i]));
	return hash ^ hash >> 32;
}

static struct sender **bucket(const struct rate *rate, uint64_t hash)
{
	return &rate->buckets[hash & (rate->n_buckets - 1)];
}

static struct sender *find(const struct rate *rate, struct slice name)
{
	uint64_t hash = hash_name(rate, name);
	struct sender *s = *bucket(rate, hash);

	while (s &&
		(s->hash != hash ||
			!slice_eq_nocase(
				slice_make(s->name, s->name_len), name)))
		s = s->next_in_bucket;
	return s;
}

static void unlink_age(struct rate *rate, struct sender *s)
{
	*(s->older ? &s->older->newer : &rate->oldest) = s->newer;
	*(s->newer ? &s->newer->older : &rate->newest) = s->older;
}

static void append_age(struct rate *rate, struct sender *s)
{
	s->older = rate->newest;
	s->newer = NULL;
	*(s->older ? &s->older->newer : &rate->oldest) = s;
	rate->newest = s;
}

static void forget(struct rate *rate, struct sender *s)
{
	struct sender **at = bucket(rate, s->hash);

	while (*at != s)
		at = &(*at)->next_in_bucket;
	*at = s->next_in_bucket;
	unlink_age(rate, s);
	rate->n_senders--;
	free(s->times);
	free(s);
}

static void forget_silent(struct rate *rate, uint64_t now)
{
	while (rate->oldest && rate->oldest->last + WINDOW_USEC <= now)
		forget(rate, rate->oldest);
}

static void grow_buckets(struct rate *rate)
{
	free(rate->buckets);
	rate->n_buckets *= 2;
	rate->buckets = xcalloc(rate->n_buckets, sizeof(*rate->buckets));
	for (struct sender *s = rate->oldest; s; s = s->newer) {
		struct sender **at = bucket(rate, s->hash);
		s->next_in_bucket = *at;
		*at = s;
	}
}

static struct sender *add(struct rate *rate, struct slice name)
{
	struct sender *s = xcalloc(1, sizeof(*s) + name.len);

	if (rate->n_senders >= RATE_SENDERS_MAX)
		forget(rate, rate->oldest);
	if (rate->n_senders >= rate->n_buckets)
		grow_buckets(rate);
	s->hash = hash_name(rate, name);
	s->name_len = (uint32_t)name.len;
	for (size_t i = 0; i < name.len; i++)
		s->name[i] = ascii_lower(name.ptr[i]);
	struct sender **at = bucket(rate, s->hash);
	s->next_in_bucket = *at;
	*at = s;
	append_age(rate, s);
	rate->n_senders++;
	return s;
}

static void drop_old_times(struct sender *s, uint64_t now)
{
	while (s->n > 0 && s->times[s->first] + WINDOW_USEC <= now) {
		s->first = (s->first + 1) % s->cap;
		s->n--;
	}
}

static void add_time(struct sender *s, uint64_t now)
{
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : FIRST_TIMES;
		uint64_t *times = xcalloc(cap, sizeof(*times));
		for (uint32_t i = 0; i < s->n; i++)
			times[i] = s->times[(s->first + i) % s->cap];
		free(s->times);
		s->times = times;
		s->cap = cap;
		s->first = 0;
	}
	s->times[(s->first + s->n++) % s->cap] = now;
	s->last = now;
}

static uint64_t interval(const struct rate *rate)
{
	return WINDOW_USEC / rate->limits.per_minute;
}

static bool has_room(const struct rate *rate, struct sender *s, uint64_t now)
{
	drop_old_times(s, now);
	if (s->n >= rate->limits.per_minute)
		return false;
	if (rate->limits.burst == 0)
		return true;
	return s->full_until <= now + (rate->limits.burst - 1) * interval(rate);
}

struct rate *rate_new(const struct rate_limits *limits)
{
	struct rate *rate = xcalloc(1, sizeof(*rate));

	rate->limits = *limits;
	/* A bucket larger than the window can empty limits nothing. */
	if (rate->limits.burst >= rate->limits.per_minute)
		rate->limits.burst = 0;
	rate->n_buckets = FIRST_BUCKETS;
	rate->buckets = xcalloc(rate->n_buckets, sizeof(*rate->buckets));
	random_fill(&rate->seed, sizeof(rate->seed));
	return rate;
}

void rate_free(struct rate *rate)
{
	if (!rate)
		return;
	while (rate->oldest)
		forget(rate, rate->oldest);
	free(rate->buckets);
	free(rate);
}

bool rate_has_room(struct rate *rate, struct slice sender, uint64_t now)
{
	forget_silent(rate, now);
	struct sender *s = find(rate, sender);
	return s ? has_room(rate, s, now) : rate->limits.per_minute > 0;
}

bool rate_take(struct rate *rate, struct slice sender, uint64_t now)
{
	if (!rate_has_room(rate, sender, now))
		return false;
	struct sender *s = find(rate, sender);
	if (!s)
		s = add(rate, sender);
	if (rate->limits.burst > 0) {
		uint64_t from = s->full_until > now ? s->full_until : now;
		s->full_until = from + interval(rate);
	}
	add_time(s, now);
	unlink_age(rate, s);
	append_age(rate, s);
	return true;
}

size_t rate_n_senders(const struct rate *rate)
{
	return rate->n_senders;
}
