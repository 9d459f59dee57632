/*
 * lastlogin - stamps the day of a user's last login. See lastlogin(8).
 */
#include <errno.h>
#include <time.h>

#include "chatmaild/common/dict-program.h"
#include "lib/log.h"
#include "lib/num.h"

#define KEY_PREFIX "shared/last-login/"

enum {
	/* A clock that runs ahead by more than this is wrong. */
	AHEAD_MAX_SEC = 86400,
};

static const char *const counter_names[] = { "logins_total", NULL };

/* 1 or 0 for a stamp that is right now; -ENOENT: no such account. */
static int apply(const struct users *users, const struct dict_change *change,
	struct buf *why)
{
	struct slice prefix = SLICE(KEY_PREFIX);
	uint64_t seconds;

	if (!slice_starts(change->key, prefix))
		return because(why, -EINVAL, "unknown key");
	if (change->verb != DICT_SET)
		return because(why, -EINVAL, "a stamp can only be set");
	if (num_parse_max(change->value, (uint64_t)time(NULL) + AHEAD_MAX_SEC,
		    &seconds) < 0)
		return because(why, -EINVAL, "value is not a time in the past");
	return user_touch_login(users, slice_from(change->key, prefix.len),
		(time_t)seconds, why);
}

static void on_commit(struct dict_request *request,
	const struct dict_transaction *transaction, void *owner)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dict_program *program = owner;
	int r = 0;

	for (const struct dict_change *change = transaction->changes;
		change && r >= 0; change = change->next)
		r = apply(&program->users, change, &why);
	if (r >= 0) {
		counters_add(&program->counters, 0, 1);
		dict_answer_done(request);
	} else if (r == -ENOENT) {
		log_notice("not stamped: reason=no-account");
		dict_answer_none(request);
	} else {
		log_err("not stamped: %s", buf_str(&why));
		dict_answer_fail(request, buf_str(&why));
	}
}

static const struct dict_ops ops = {
	.commit = on_commit,
};

int main(int argc, char **argv)
{
	static struct dict_program program = {
		.name = "lastlogin",
		.reader = READ_LASTLOGIN,
		.counter_names = counter_names,
		.ops = &ops,
	};

	return dict_program_main(&program, argc, argv);
}
