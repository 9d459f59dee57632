/*
 * load.h - a relay under load: many users wait for mail in IDLE, and some of
 * them send so many messages a second. All is done by this process, and one
 * more thread that looks at what the relay's processes use.
 *
 * Only for a relay whose settings are here, since it is made busy. The
 * accounts are the same ones in each run.
 */
#ifndef CMDEPLOY_LOAD_LOAD_H
#define CMDEPLOY_LOAD_LOAD_H

#include "cmdeploy/load/round.h"
#include "cmdeploy/usage/server.h"

enum {
	LOAD_USERS_MAX = 20000,
	LOAD_RATE_MAX = 1000,
	LOAD_SECONDS_MAX = 3600,
	LOAD_ROUNDS_MAX = 24,
};

struct load {
	struct probe_relay relay;
	uint64_t n_users, n_sec;
	double rate; /* of the first round */
	bool is_until_slow;
	crowd_progress_fn progress;

	struct round rounds[LOAD_ROUNDS_MAX];
	size_t n_rounds;
	double best_rate;    /* that was not too much; 0: none */
	bool is_limit;       /* the relay's rate limit lets no more be sent */
	double login_sec;    /* until all were in IDLE */
	struct usage *usage; /* its labels are in the rounds */
	/* Where the relay runs; without a host only one of `up` can be seen. */
	struct usage_server server;
};

/* -EINVAL: what was asked for cannot be, by the relay's own settings. */
int load_check(const struct load *l, struct buf *why) MUST_CHECK;
int load_run(struct load *l, struct buf *why) MUST_CHECK;
void load_release(struct load *l);

/*
 * A program has a line of its own; less than a hundredth of a millisecond for
 * each message is in the sum only.
 */
bool load_shows(const struct round *r, const struct usage_program *p);

/* For a person, as JSON, and as a page that stands alone. */
void load_report(struct load *l);
void load_json(struct load *l, struct buf *out);
void load_html(struct load *l, struct buf *out);

#endif
