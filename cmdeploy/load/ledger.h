/*
 * ledger.h - every message of a load, and what has become of it: who should
 * get it, when the relay took it over, when each of them was told of it by
 * IMAP, and when they had its body.
 *
 * A message is known by its Message-ID, so one that came twice, or to
 * somebody else, is seen. Times are microseconds of clock.h.
 */
#ifndef CMDEPLOY_LOAD_LEDGER_H
#define CMDEPLOY_LOAD_LEDGER_H

#include "cmdeploy/bench/bench.h"

struct ledger_delivery {
	uint32_t user;
	uint32_t n;         /* how often its body came */
	uint64_t told_usec; /* 0: nobody told of it */
	uint64_t fetched_usec;
};

enum ledger_state {
	LEDGER_SENDING,
	LEDGER_ACCEPTED,
	LEDGER_REFUSED,
	LEDGER_UNANSWERED, /* the connection broke before the reply */
};

struct ledger_message {
	enum ledger_state state;
	uint64_t accepted_usec;
	uint32_t first, n; /* of the deliveries */
	uint64_t bytes;
};

struct ledger {
	char run[24]; /* begins all Message-IDs */
	struct ledger_message *messages;
	size_t n_messages;
	struct ledger_delivery *deliveries;
	size_t n_deliveries;
	int64_t n_open;   /* deliveries that are accepted and have not come */
	uint64_t n_stray; /* to somebody who is not a recipient */
	uint64_t moved_usec; /* when something became known last */
	char *refusal;       /* what the relay said first; NULL: nothing */
};

void ledger_init(struct ledger *l);
void ledger_release(struct ledger *l);

/* A message to these; its number. */
size_t ledger_add(
	struct ledger *l, const uint32_t *users, size_t n, uint64_t bytes);
/* Of its Message-ID, before the "@"; the caller frees. */
char *ledger_id(const struct ledger *l, size_t message);
void ledger_settle(struct ledger *l, size_t message, enum ledger_state state,
	const char *refusal);
/*
 * The message with this header has come to a user, who was told of it at
 * `told_usec` (0: was not told). Of another run: nothing happens.
 */
void ledger_fetched(struct ledger *l, uint32_t user, struct slice header,
	uint64_t told_usec);
/* The delivery should have come, and has not. */
bool ledger_is_open(const struct ledger *l, const struct ledger_delivery *d,
	size_t message);

struct ledger_sum {
	size_t sent, accepted, refused, unanswered;
	size_t wanted; /* deliveries of what was accepted */
	size_t delivered, noticed, lost, doubled;
	uint64_t bytes; /* of what was accepted, once for each delivery */
	struct bench_series told, fetched; /* milliseconds after the 250 */
};

/* The caller frees the values of the series. */
struct ledger_sum ledger_sum(const struct ledger *l);

#endif
