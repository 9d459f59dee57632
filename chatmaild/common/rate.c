/*
 * rate.c - a table of senders, those silent for longest first, with the
 * moments of their messages.
 */
#include "chatmaild/common/rate.h"

#include "lib/die.h"
#include "lib/digest.h"

/* From a secret start, so that nobody can fill one place of the table. */
static uint64_t seed;

static unsigned hash_name(const char *name, size_t len)
{
	uint64_t hash = seed;

	for (size_t i = 0; i < len; i++)
		hash = digest_byte(hash, (unsigned char)ascii_lower(name[i]));
	return (unsigned)(hash ^ hash >> 32);
}

static bool is_other_name(const char *a, const char *b, size_t len)
{
	return !slice_eq_nocase(slice_make(a, len), slice_make(b, len));
}

#define HASH_FUNCTION(key, len, ret) ((ret) = hash_name(key, len))
#define HASH_KEYCMP(a, b, len)       is_other_name(a, b, len)
#define uthash_fatal(text)           oom()
#include <uthash.h>

enum {
	WINDOW_USEC = 60 * 1000 * 1000,
	FIRST_TIMES = 4,
};

struct sender {
	UT_hash_handle hh;
	uint64_t *times; /* a ring of `cap`, the oldest at `first` */
	uint64_t last;
	uint64_t full_until; /* GCRA: theoretical arrival time */
	uint32_t cap, first, n;
	char name[];
};

struct rate {
	struct rate_limits limits;
	struct sender *senders; /* in the order of their last messages */
};

static struct sender *find(const struct rate *rate, struct slice name)
{
	struct sender *s;

	HASH_FIND(hh, rate->senders, name.ptr, name.len, s);
	return s;
}

static void append(struct rate *rate, struct sender *s, size_t name_len)
{
	HASH_ADD_KEYPTR(hh, rate->senders, s->name, name_len, s);
}

static void forget(struct rate *rate, struct sender *s)
{
	HASH_DEL(rate->senders, s);
	free(s->times);
	free(s);
}

static void forget_silent(struct rate *rate, uint64_t now)
{
	while (rate->senders && rate->senders->last + WINDOW_USEC <= now)
		forget(rate, rate->senders);
}

static struct sender *add(struct rate *rate, struct slice name)
{
	struct sender *s = xcalloc(1, sizeof(*s) + name.len);

	if (rate_n_senders(rate) >= RATE_SENDERS_MAX)
		forget(rate, rate->senders);
	memcpy(s->name, name.ptr, name.len);
	append(rate, s, name.len);
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

/* As how many messages one to so many counts. */
static uint64_t cost(const struct rate *rate, unsigned n_recipients)
{
	uint64_t n = n_recipients / RATE_RECIPIENTS +
		(n_recipients % RATE_RECIPIENTS > 0);
	uint64_t max = rate->limits.burst ? rate->limits.burst
					  : rate->limits.per_minute;

	if (n > max)
		n = max;
	return n > 0 ? n : 1;
}

static bool has_room(
	const struct rate *rate, struct sender *s, uint64_t n, uint64_t now)
{
	drop_old_times(s, now);
	if (s->n + n > rate->limits.per_minute)
		return false;
	if (rate->limits.burst == 0)
		return true;
	return s->full_until <= now + (rate->limits.burst - n) * interval(rate);
}

struct rate *rate_new(const struct rate_limits *limits)
{
	struct rate *rate = xcalloc(1, sizeof(*rate));

	rate->limits = *limits;
	/* A bucket larger than the window can empty limits nothing. */
	if (rate->limits.burst >= rate->limits.per_minute)
		rate->limits.burst = 0;
	if (seed == 0)
		arc4random_buf(&seed, sizeof(seed));
	return rate;
}

void rate_free(struct rate *rate)
{
	if (!rate)
		return;
	while (rate->senders)
		forget(rate, rate->senders);
	free(rate);
}

bool rate_has_room(struct rate *rate, struct slice name, unsigned n_recipients,
	uint64_t now)
{
	uint64_t n = cost(rate, n_recipients);

	forget_silent(rate, now);
	struct sender *s = find(rate, name);
	return s ? has_room(rate, s, n, now) : rate->limits.per_minute > 0;
}

bool rate_take(struct rate *rate, struct slice name, unsigned n_recipients,
	uint64_t now)
{
	uint64_t n = cost(rate, n_recipients);

	if (!rate_has_room(rate, name, n_recipients, now))
		return false;
	struct sender *s = find(rate, name);
	if (!s)
		s = add(rate, name);
	if (rate->limits.burst > 0) {
		uint64_t from = s->full_until > now ? s->full_until : now;
		s->full_until = from + n * interval(rate);
	}
	for (uint64_t i = 0; i < n; i++)
		add_time(s, now);
	/* Now it is the last one to be forgotten. */
	HASH_DEL(rate->senders, s);
	append(rate, s, name.len);
	return true;
}

size_t rate_n_senders(const struct rate *rate)
{
	return HASH_COUNT(rate->senders);
}
