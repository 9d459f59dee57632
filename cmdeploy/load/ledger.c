/* Keeps account of all messages of a load (ledger.h). */
#include "cmdeploy/load/ledger.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/num.h"
#include "lib/random.h"

enum {
	RUN_CHARS = 12,
};

static const char field[] = "Message-ID: <";

void ledger_init(struct ledger *l)
{
	AUTO_BUF struct buf run = BUF_INIT(sizeof(l->run));

	random_add_text(&run, "abcdefghijklmnopqrstuvwxyz", RUN_CHARS);
	*l = (struct ledger){ .moved_usec = clock_usec() };
	memcpy(l->run, buf_str(&run), RUN_CHARS);
}

void ledger_release(struct ledger *l)
{
	free(l->messages);
	free(l->deliveries);
	free(l->refusal);
	*l = (struct ledger){ 0 };
}

/* Room for one more: grows at each power of two. */
static void *grow(void *v, size_t n, size_t len)
{
	return n & (n - 1) ? v : xreallocarray(v, n ? 2 * n : 1, len);
}

size_t ledger_add(
	struct ledger *l, const uint32_t *users, size_t n, uint64_t bytes)
{
	l->messages = grow(l->messages, l->n_messages, sizeof(*l->messages));
	l->messages[l->n_messages] = (struct ledger_message){
		.first = (uint32_t)l->n_deliveries,
		.n = (uint32_t)n,
		.bytes = bytes,
	};
	for (size_t i = 0; i < n; i++) {
		l->deliveries = grow(
			l->deliveries, l->n_deliveries, sizeof(*l->deliveries));
		l->deliveries[l->n_deliveries++] =
			(struct ledger_delivery){ .user = users[i] };
	}
	return l->n_messages++;
}

char *ledger_id(const struct ledger *l, size_t message)
{
	return xasprintf("%s.%zu.", l->run, message);
}

void ledger_settle(struct ledger *l, size_t message, enum ledger_state state,
	const char *refusal)
{
	struct ledger_message *m = &l->messages[message];

	m->state = state;
	l->moved_usec = clock_usec();
	/* What overtook the reply was counted when it came. */
	for (size_t i = 0; i < m->n; i++)
		l->n_open += state == LEDGER_ACCEPTED ||
			l->deliveries[m->first + i].n > 0;
	if (state == LEDGER_ACCEPTED)
		m->accepted_usec = l->moved_usec;
	else if (refusal && !l->refusal)
		l->refusal = xstrdup(refusal);
}

/* "Message-ID: <RUN.NUMBER.PADDING@localhost>": its number. */
static bool find_number(
	const struct ledger *l, struct slice header, uint64_t *ret_number)
{
	struct slice line, run, number;

	while (slice_next_line(&header, &line)) {
		if (!slice_starts_nocase(line, slice_of(field)))
			continue;
		line = slice_from(line, strlen(field));
		return slice_cut(line, '.', &run, &line) &&
			slice_eq_str(run, l->run) &&
			slice_cut(line, '.', &number, &line) &&
			num_parse_u64(number, ret_number) == 0 &&
			*ret_number < l->n_messages;
	}
	return false;
}

void ledger_fetched(struct ledger *l, uint32_t user, struct slice header,
	uint64_t told_usec)
{
	uint64_t number;

	if (!find_number(l, header, &number))
		return;
	const struct ledger_message *m = &l->messages[number];
	l->moved_usec = clock_usec();
	for (size_t i = 0; i < m->n; i++) {
		struct ledger_delivery *d = &l->deliveries[m->first + i];
		if (d->user != user)
			continue;
		if (d->n++ > 0)
			return;
		l->n_open -= m->state == LEDGER_SENDING ||
			m->state == LEDGER_ACCEPTED;
		d->told_usec = told_usec;
		d->fetched_usec = l->moved_usec;
		return;
	}
	l->n_stray++;
}

bool ledger_is_open(
	const struct ledger *l, const struct ledger_delivery *d, size_t message)
{
	enum ledger_state state = l->messages[message].state;

	return d->n == 0 &&
		(state == LEDGER_ACCEPTED || state == LEDGER_SENDING);
}

/* A notice may overtake the reply, which then took no time. */
static void note(struct bench_series *s, uint64_t from, uint64_t until)
{
	s->v = grow(s->v, s->n, sizeof(*s->v));
	s->v[s->n++] = until > from ? (double)(until - from) / 1000 : 0.001;
}

static void add_delivery(struct ledger_sum *sum, const struct ledger_message *m,
	const struct ledger_delivery *d)
{
	sum->wanted++;
	sum->bytes += m->bytes;
	sum->lost += d->n == 0;
	sum->doubled += d->n > 1;
	if (d->n == 0)
		return;
	sum->delivered++;
	note(&sum->fetched, m->accepted_usec, d->fetched_usec);
	if (!d->told_usec)
		return;
	sum->noticed++;
	note(&sum->told, m->accepted_usec, d->told_usec);
}

struct ledger_sum ledger_sum(const struct ledger *l)
{
	struct ledger_sum sum = { .doubled = l->n_stray };

	sum.sent = l->n_messages;
	for (size_t i = 0; i < l->n_messages; i++) {
		const struct ledger_message *m = &l->messages[i];
		sum.accepted += m->state == LEDGER_ACCEPTED;
		sum.refused += m->state == LEDGER_REFUSED;
		sum.unanswered += m->state == LEDGER_UNANSWERED ||
			m->state == LEDGER_SENDING;
		for (size_t k = 0; m->state == LEDGER_ACCEPTED && k < m->n; k++)
			add_delivery(&sum, m, &l->deliveries[m->first + k]);
	}
	return sum;
}
