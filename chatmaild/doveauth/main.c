/*
 * doveauth - tells Dovecot who its users are, and creates those who log
 * in for the first time. See doveauth(8).
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "chatmaild/common/account.h"
#include "chatmaild/common/dict-server.h"
#include "chatmaild/common/limits.h"
#include "chatmaild/common/user.h"
#include "chatmaild/doveauth/creation.h"
#include "chatmaild/doveauth/old-journal.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/service.h"

#define PASSDB_PREFIX "shared/passdb/"
#define USERDB_PREFIX "shared/userdb/"

enum {
	VALUE_MAX_BYTES = 16384,
	/* How long a look at load, memory and disk holds. */
	MACHINE_USEC = 1000000,
};

static const char *const counter_names[] = {
	[COUNT_CREATED] = "accounts_created_total",
	[COUNT_REFUSED_RULES] = "accounts_refused_total{reason=\"rules\"}",
	[COUNT_REFUSED_MACHINE] = "accounts_refused_total{reason=\"machine\"}",
	[COUNT_REFUSED_FAILED] = "accounts_refused_total{reason=\"failed\"}",
	NULL,
};

struct doveauth {
	struct config_overrides overrides;
	struct config config;
	struct users users;
	struct account_rules rules;
	struct dict_server *server;
	struct creations *creations;
	struct counters counters;
	sd_event *event;
	uint64_t machine_seen; /* when the machine was looked at */
	int machine_error;
	struct buf machine_why;
	char *uid, *gid; /* our own: mailboxes are ours */
};

static void answer_user(struct doveauth *d, struct dict_request *request,
	struct slice address, struct slice password)
{
	AUTO_BUF struct buf value = BUF_INIT(VALUE_MAX_BYTES);
	AUTO_BUF struct buf home = BUF_INIT(VALUE_MAX_BYTES);

	user_add_home(&d->users, address, &home);
	buf_add_char(&value, '{');
	json_add_member(&value, "addr", address);
	json_add_member(&value, "home", buf_slice(&home));
	json_add_member(&value, "uid", slice_of(d->uid));
	json_add_member(&value, "gid", slice_of(d->gid));
	json_add_member(&value, "password", password);
	buf_add_char(&value, '}');
	dict_answer_value(request, buf_slice(&value));
}

static void refuse(struct dict_request *request, const char *reason)
{
	log_notice("refused: %s", reason);
	dict_answer_none(request);
}

static void refuse_for_now(struct dict_request *request, const char *reason)
{
	log_warning("not now: %s", reason);
	dict_answer_fail(request, "no new accounts at the moment");
}

/* 0, or -EBUSY with a reason; looks at the machine now and then. */
static int check_machine(struct doveauth *d)
{
	uint64_t now = 0;

	sd_event_now(d->event, CLOCK_MONOTONIC, &now);
	if (d->machine_seen == 0 || now - d->machine_seen > MACHINE_USEC) {
		d->machine_error =
			account_check_machine(&d->rules, &d->machine_why);
		d->machine_seen = now;
	}
	return d->machine_error;
}

static void create(struct doveauth *d, struct dict_request *request,
	struct slice address, struct slice password)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (account_check(&d->rules, address, password, &why) < 0) {
		counters_add(&d->counters, COUNT_REFUSED_RULES, 1);
		refuse(request, buf_str(&why));
	} else if (check_machine(d) < 0) {
		counters_add(&d->counters, COUNT_REFUSED_MACHINE, 1);
		refuse_for_now(request, buf_str(&d->machine_why));
	} else if (creations_begin(d->creations, address, password, request) <
		0) {
		counters_add(&d->counters, COUNT_REFUSED_MACHINE, 1);
		refuse_for_now(request, "reason=too-many-at-once");
	}
}

/* 1 when the answer was given: the user exists, or the disk is broken. */
static int answer_existing(
	struct doveauth *d, struct dict_request *request, struct slice address)
{
	AUTO_BUF struct buf password = BUF_INIT(PASSWORD_FILE_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = user_read_password(&d->users, address, &password, &why);

	if (r < 0) {
		log_err("cannot look up a user: %s", buf_str(&why));
		dict_answer_fail(request, "cannot read the user's password");
	} else if (r > 0) {
		answer_user(d, request, address, buf_slice(&password));
	}
	return r != 0;
}

static void look_up_passdb(
	struct doveauth *d, struct dict_request *request, struct slice rest)
{
	struct buf password = BUF_INIT(DICT_LINE_MAX_BYTES);
	AUTO_BUF struct buf address = BUF_INIT(DICT_LINE_MAX_BYTES);
	struct slice who;

	if (!dict_split_quoted(rest, &password, &address)) {
		refuse(request, "reason=malformed-key");
	} else if (user_is_blocked(&d->users, buf_slice(&address))) {
		refuse(request, "reason=blocked");
	} else {
		who = buf_slice(&address);
		if (!creations_join(d->creations, who, request) &&
			!answer_existing(d, request, who))
			create(d, request, who, buf_slice(&password));
	}
	buf_release_secret(&password);
}

static void look_up_userdb(
	struct doveauth *d, struct dict_request *request, struct slice rest)
{
	AUTO_BUF struct buf address = BUF_INIT(DICT_LINE_MAX_BYTES);

	if (!dict_unquote(rest, &address))
		refuse(request, "reason=malformed-key");
	else if (!creations_join(d->creations, buf_slice(&address), request) &&
		!answer_existing(d, request, buf_slice(&address)))
		dict_answer_none(request);
}

static const struct {
	struct slice prefix;
	void (*handler)(struct doveauth *d, struct dict_request *request,
		struct slice rest);
} keys[] = {
	{ SLICE(PASSDB_PREFIX), look_up_passdb },
	{ SLICE(USERDB_PREFIX), look_up_userdb },
};

static void on_lookup(struct dict_request *request,
	const struct dict_command *command, void *owner)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!slice_starts(command->key, keys[i].prefix))
			continue;
		keys[i].handler(owner, request,
			slice_from(command->key, keys[i].prefix.len));
		return;
	}
	refuse(request, "reason=unknown-key");
}

/* Rows carry keys alone: Dovecot asks for names. */
static int on_iterate(struct slice prefix, void *owner, void **ret_iteration)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct doveauth *d = owner;
	struct user_list list = { 0 };

	if (slice_eq_str(prefix, USERDB_PREFIX)) {
		int r = user_list_open(&d->users, &list, &why);
		if (r < 0) {
			log_err("cannot list users: %s", buf_str(&why));
			return r;
		}
	}
	struct user_list *iteration = xcalloc(1, sizeof(*iteration));
	*iteration = list;
	*ret_iteration = iteration;
	return 0;
}

static int on_iterate_next(void *owner, struct buf *out)
{
	AUTO_BUF struct buf key = BUF_INIT(VALUE_MAX_BYTES);
	struct user_list *list = owner;
	struct slice address;
	int r = list->dir ? user_list_next(list, &address) : 0;

	if (r <= 0)
		return r;
	buf_add_str(&key, USERDB_PREFIX);
	buf_add_slice(&key, address);
	dict_add_row(out, buf_slice(&key), SLICE_NONE);
	return 1;
}

static void on_iterate_end(void *owner)
{
	user_list_close(owner);
	free(owner);
}

static const struct dict_ops ops = {
	.lookup = on_lookup,
	.iterate = on_iterate,
	.iterate_next = on_iterate_next,
	.iterate_end = on_iterate_end,
};

static struct doveauth doveauth;

static void on_created(
	void *waiter, struct slice address, struct slice password)
{
	if (password.len > 0)
		answer_user(&doveauth, waiter, address, password);
	else
		dict_answer_fail(waiter, "the account cannot be created");
}

/* Before anybody asks: what was promised has to be there. */
static void replay_old_journal(const struct users *users)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	size_t n_placed;
	int r = old_journal_replay(users, &n_placed, &why);

	if (r < 0)
		log_err("old journal of accounts is kept: %s", buf_str(&why));
	if (r > 0)
		log_notice("old journal of accounts removed: placed=%zu",
			n_placed);
}

static void start(struct service *service, int argc UNUSED, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct doveauth *d = &doveauth;

	/* Memory of threads in one place: they need little. */
	mallopt(M_ARENA_MAX, 1);
	config_load_or_die(argv[1], &d->overrides, READ_DOVEAUTH, &d->config);
	users_init(&d->users, &d->config, argv[1]);
	account_rules_init(&d->rules, &d->config, argv[1]);
	d->event = service->event;
	d->uid = xasprintf("%u", geteuid());
	d->gid = xasprintf("%u", getegid());
	d->machine_why = BUF_INIT(BUF_WHY_MAX_BYTES);
	if (dir_make(d->users.dir, 0700, &why) < 0)
		die("%s; make it, or set mailboxes_dir in %s", buf_str(&why),
			argv[1]);
	replay_old_journal(&d->users);
	d->server = dict_server_new(service->event, &ops, d);
	if (creations_new(
		    service->event, &d->users, on_created, &d->creations) < 0)
		die("cannot make threads; raise the limit of descriptors");
	counters_open_or_warn(&d->counters, d->config.counters_dir, "doveauth",
		counter_names);
	creations_count(d->creations, &d->counters);
	dict_server_listen(d->server, service, argv[0]);
}

static void stop(struct service *service UNUSED)
{
	struct doveauth *d = &doveauth;

	creations_free(d->creations);
	dict_server_free(d->server);
	counters_close(&d->counters);
	account_rules_release(&d->rules);
	users_release(&d->users);
	config_release(&d->config);
	buf_release(&d->machine_why);
	free(d->uid);
	free(d->gid);
}

int main(int argc, char **argv)
{
	struct service service = {
		.name = "doveauth",
		.usage = "[-o KEY=VALUE]... SOCKET INI",
		.min_args = 2,
		.max_args = 2,
		.start = start,
		.stop = stop,
	};

	config_take_overrides(&argc, argv, &doveauth.overrides);
	return service_main(&service, argc, argv);
}
