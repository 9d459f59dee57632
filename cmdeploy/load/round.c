/* Sends at one rate, and waits until all has come (round.h). */
#include "cmdeploy/load/round.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/clock.h"

enum {
	TURN_MSEC = 20,
	BEHIND_SEC = 5,  /* so much that could not be sent is too much */
	BEHIND_MIN = 20, /* messages, at low rates */
	OPEN_MAX_PER_RATE = 100, /* deliveries: some 25 s of the mix */
	OPEN_MIN = 500,
	QUIET_USEC = 8000000, /* nothing has come for so long: nothing will */
	SEC_USEC = 1000000,
};

struct looker {
	struct usage *usage;
	pthread_t thread;
	bool is_there;
	atomic_bool is_over;
};

static void *look_on(void *owner)
{
	struct looker *looker = owner;

	while (!looker->is_over) {
		usage_look(looker->usage);
		poll(NULL, 0, usage_pause_msec(looker->usage));
	}
	return NULL;
}

static void begin_looks(struct looker *looker)
{
	if (!looker->usage)
		return;
	usage_begin(looker->usage);
	looker->is_there =
		pthread_create(&looker->thread, NULL, look_on, looker) == 0;
}

static void end_looks(struct looker *looker, struct round *round)
{
	looker->is_over = true;
	if (looker->is_there)
		pthread_join(looker->thread, NULL);
	if (!looker->usage)
		return;
	usage_weigh(looker->usage);
	round->n_programs =
		usage_programs(looker->usage, NULL, NULL, round->programs);
}

static void stop(struct round *round, const char *why)
{
	if (!round->stopped)
		round->stopped = xstrdup(why);
}

static void show(const struct crowd *c, uint64_t total)
{
	if (c->progress)
		c->progress("messages", c->ledger.n_messages, total);
}

/* What is due by now and could not be sent, of each kind. */
struct due {
	uint64_t n_begun, n_late[2];
};

static void send_what_is_due(struct crowd *c, struct due *due, uint64_t n_due)
{
	for (; due->n_begun < n_due; due->n_begun++)
		due->n_late[due->n_begun % 2]++;
	for (int kind = 0; kind < 2; kind++)
		while (due->n_late[kind] > 0 && crowd_send(c, kind == 0))
			due->n_late[kind]--;
}

static void judge(
	struct round *round, const struct crowd *c, const struct due *due)
{
	double late = (double)(due->n_late[0] + due->n_late[1]);
	double n_open = (double)c->ledger.n_open;

	if (crowd_failure(c))
		stop(round, crowd_failure(c));
	else if (late > BEHIND_MIN && late > round->rate * BEHIND_SEC)
		stop(round, "the relay takes fewer messages than are sent");
	else if (n_open > OPEN_MIN && n_open > round->rate * OPEN_MAX_PER_RATE)
		stop(round, "the relay delivers less than it takes");
}

static void send_all(struct crowd *c, struct round *round, uint64_t n_sec)
{
	uint64_t start = clock_usec(), now = start;
	uint64_t n = (uint64_t)(round->rate * (double)n_sec);
	struct due due = { 0 };

	n = n ? n : 1;
	while (!round->stopped &&
		(due.n_begun < n || due.n_late[0] + due.n_late[1] > 0)) {
		double passed = (double)(now - start) / SEC_USEC;
		uint64_t n_due = (uint64_t)(passed * round->rate) + 1;
		send_what_is_due(c, &due, n_due < n ? n_due : n);
		double next = (double)n_due / round->rate - passed;
		int msec = (int)(next * 1000) + 1;
		crowd_turn(c, msec < TURN_MSEC ? msec : TURN_MSEC);
		show(c, n);
		judge(round, c, &due);
		now = clock_usec();
	}
	round->sec = (double)(clock_usec() - start) / SEC_USEC;
}

static bool is_quiet(const struct crowd *c, uint64_t since)
{
	uint64_t moved = c->ledger.moved_usec;

	return clock_usec() - (moved > since ? moved : since) > QUIET_USEC;
}

/* Until all has come, or nothing moves. */
static void wait_for_rest(struct crowd *c)
{
	uint64_t since = clock_usec();

	while ((c->ledger.n_open > 0 || crowd_sending(c) > 0) &&
		!crowd_failure(c) && !is_quiet(c, since))
		crowd_turn(c, TURN_MSEC);
}

/* A message that comes twice comes second a moment later. */
static void wait_for_doubles(struct crowd *c)
{
	uint64_t until = clock_usec() + SEC_USEC;

	while (clock_usec() < until && !crowd_failure(c))
		crowd_turn(c, TURN_MSEC);
}

void round_run(struct round *round, struct crowd *crowd, uint64_t n_sec,
	struct usage *usage)
{
	struct looker looker = { .usage = usage };

	ledger_release(&crowd->ledger);
	ledger_init(&crowd->ledger);
	crowd->mix = (struct mix){ { 1, 2, 3 } };
	begin_looks(&looker);
	send_all(crowd, round, n_sec);
	wait_for_rest(crowd);
	if (crowd_look(crowd) > 0)
		wait_for_rest(crowd);
	wait_for_doubles(crowd);
	if (crowd_failure(crowd))
		stop(round, crowd_failure(crowd));
	end_looks(&looker, round);
	crowd_hang_up(crowd);
	round->sum = ledger_sum(&crowd->ledger);
	if (crowd->ledger.refusal)
		round->refusal = xstrdup(crowd->ledger.refusal);
}

void round_release(struct round *round)
{
	free(round->sum.told.v);
	free(round->sum.fetched.v);
	free(round->stopped);
	free(round->refusal);
	*round = (struct round){ 0 };
}

bool round_is_whole(const struct round *round)
{
	const struct ledger_sum *sum = &round->sum;

	return !round->stopped && !sum->unanswered && !sum->lost &&
		!sum->doubled && sum->noticed == sum->delivered;
}

bool round_holds(struct round *round)
{
	struct bench_figures f;

	if (!round_is_whole(round) || round->sum.refused)
		return false;
	return !bench_figures(&round->sum.told, &f) || f.p99 < ROUND_SLOW_MSEC;
}
