/*
 * lastlogin - stamps the day of a user's last login. See lastlogin(8).
 */
#include <errno.h>
#include <time.h>

#include "chatmaild/common/counters.h"
#include "chatmaild/common/dict-server.h"
#include "chatmaild/common/user.h"
#include "lib/log.h"
#include "lib/num.h"
#include "lib/service.h"

#define KEY_PREFIX "shared/last-login/"

enum {
	/* A clock that runs ahead by more than this is wrong. */
	AHEAD_MAX_SEC = 86400,
};

struct lastlogin {
	struct config_overrides overrides;
	struct config config;
	struct users users;
	struct dict_server *server;
	struct counters counters;
};

static const char *const counter_names[] = { "logins_total", NULL };

static struct lastlogin lastlogin;

/* 1 or 0 for a stamp that is right now; -ENOENT: no such account. */
static int apply(
	struct lastlogin *l, const struct dict_change *change, struct buf *why)
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
	return user_touch_login(&l->users, slice_from(change->key, prefix.len),
		(time_t)seconds, why);
}

static void on_commit(struct dict_request *request,
	const struct dict_transaction *transaction, void *owner)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = 0;

	for (const struct dict_change *change = transaction->changes;
		change && r >= 0; change = change->next)
		r = apply(owner, change, &why);
	if (r >= 0) {
		counters_add(&lastlogin.counters, 0, 1);
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

static void start(struct service *service, int argc UNUSED, char **argv)
{
	struct lastlogin *l = &lastlogin;

	config_load_or_die(argv[1], &l->overrides, READ_LASTLOGIN, &l->config);
	users_init(&l->users, &l->config, argv[1]);
	l->server = dict_server_new(service->event, &ops, l);
	counters_open_or_warn(&l->counters, l->config.counters_dir, "lastlogin",
		counter_names);
	dict_server_listen(l->server, service, argv[0]);
}

static void stop(struct service *service UNUSED)
{
	dict_server_free(lastlogin.server);
	counters_close(&lastlogin.counters);
	users_release(&lastlogin.users);
	config_release(&lastlogin.config);
}

int main(int argc, char **argv)
{
	struct service service = {
		.name = "lastlogin",
		.usage = "[-o KEY=VALUE]... SOCKET INI",
		.min_args = 2,
		.max_args = 2,
		.start = start,
		.stop = stop,
	};

	config_take_overrides(&argc, argv, &lastlogin.overrides);
	return service_main(&service, argc, argv);
}
