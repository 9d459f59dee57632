/* Puts a relay under load, round by round (load.h). */
#include "cmdeploy/load/load.h"

#include <errno.h>

enum {
	NARROWINGS = 3,
};

int load_check(const struct load *l, struct buf *why)
{
	double most = crowd_rate_max(&l->relay.config, l->n_users);

	if (!l->relay.is_ours)
		return because(why, -EINVAL,
			"--load makes a relay busy, so it is only for one "
			"whose chatmail.ini is here (--ini, or --dir)");
	if (l->rate <= most)
		return 0;
	return because(why, -EINVAL,
		"%lu users may send %.2f messages a second "
		"(max_user_send_per_minute = %lu); give more --users, or a "
		"lower --rate",
		(unsigned long)l->n_users, most,
		(unsigned long)l->relay.config.max_user_send_per_minute);
}

static bool run_round(struct load *l, struct crowd *crowd, double rate)
{
	struct round *round = &l->rounds[l->n_rounds++];

	round->rate = rate;
	round_run(round, crowd, l->n_sec, l->usage);
	bool holds = round_holds(round);
	if (holds && rate > l->best_rate)
		l->best_rate = rate;
	return holds;
}

/* Twice the rate until it is too much, then halves of what is between. */
static void find_rate(struct load *l, struct crowd *crowd)
{
	double most = crowd_rate_max(&l->relay.config, l->n_users);
	double rate = l->rate, too_much = 0;

	while (too_much == 0 && l->n_rounds + NARROWINGS < LOAD_ROUNDS_MAX) {
		if (!run_round(l, crowd, rate))
			too_much = rate;
		else if (rate >= most)
			l->is_limit = true;
		if (l->is_limit || crowd_failure(crowd))
			return;
		rate = rate * 2 < most ? rate * 2 : most;
	}
	for (int i = 0; i < NARROWINGS && !crowd_failure(crowd); i++) {
		rate = (l->best_rate + too_much) / 2;
		if (!run_round(l, crowd, rate))
			too_much = rate;
	}
}

/* What the processes use is measured from here on, where they can be seen. */
static int begin_usage(struct load *l, struct buf *why)
{
	if (l->relay.pid > 0)
		l->usage = usage_new(l->relay.pid);
	else if (l->server.host)
		l->usage = usage_new_server(&l->server);
	return l->server.why.len == 0
		? 0
		: because(why, -EIO, "%s", buf_str(&l->server.why));
}

int load_run(struct load *l, struct buf *why)
{
	__attribute__((cleanup(crowd_release))) struct crowd crowd = {
		.epoll_fd = -1,
	};
	int r = l->relay.n_hosts > 0 ? 0 : probe_find_hosts(&l->relay, why);

	if (r == 0)
		r = begin_usage(l, why);
	if (r == 0)
		r = crowd_open(&crowd, &l->relay, l->n_users, l->progress, why);
	if (r < 0)
		return r;
	l->login_sec = crowd.login_sec;
	if (l->is_until_slow)
		find_rate(l, &crowd);
	else
		run_round(l, &crowd, l->rate);
	return 0;
}

void load_release(struct load *l)
{
	for (size_t i = 0; i < l->n_rounds; i++)
		round_release(&l->rounds[i]);
	usage_free(l->usage);
	buf_release(&l->server.why);
	probe_release(&l->relay);
}
