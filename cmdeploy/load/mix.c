/* Draws messages as people send them (mix.h). */
#include "cmdeploy/load/mix.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/util.h"

struct share {
	unsigned percent;
	size_t value;
};

/* Text, receipts and reactions; longer text; a small and a large picture. */
static const struct share sizes[] = {
	{ 80, 3000 },
	{ 15, 12000 },
	{ 4, 150000 },
	{ 1, 1000000 },
};

/* One on one, and groups. */
static const struct share recipients[] = {
	{ 70, 1 },
	{ 20, 4 },
	{ 8, 14 },
	{ 2, MIX_RECIPIENTS_MAX },
};

static uint32_t below(struct mix *m, uint32_t n)
{
	return (uint32_t)(erand48(m->state) * n);
}

static size_t draw(struct mix *m, const struct share *shares, size_t n)
{
	unsigned percent = below(m, 100);

	for (size_t i = 0; i + 1 < n; i++) {
		if (percent < shares[i].percent)
			return shares[i].value;
		percent -= shares[i].percent;
	}
	return shares[n - 1].value;
}

size_t mix_bytes(struct mix *m)
{
	return draw(m, sizes, ARRAY_LEN(sizes));
}

static bool has(const uint32_t *users, size_t n, uint32_t user)
{
	for (size_t i = 0; i < n; i++)
		if (users[i] == user)
			return true;
	return false;
}

size_t mix_recipients(
	struct mix *m, uint32_t sender, uint32_t n_users, uint32_t *ret_users)
{
	size_t want = draw(m, recipients, ARRAY_LEN(recipients)), n = 0;

	if (want > n_users - 1)
		want = n_users - 1;
	while (n < want) {
		uint32_t user = below(m, n_users);
		if (user != sender && !has(ret_users, n, user))
			ret_users[n++] = user;
	}
	return n;
}
