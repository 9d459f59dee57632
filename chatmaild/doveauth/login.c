/*
 * login.c - the way of a login from a name and a password to its verdict
 * (login.h).
 */
#include "chatmaild/doveauth/login.h"

#include <errno.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "chatmaild/doveauth/creation.h"
#include "chatmaild/doveauth/hash.h"
#include "chatmaild/doveauth/meters.h"
#include "chatmaild/doveauth/newcomers.h"
#include "chatmaild/doveauth/verified.h"
#include "lib/clock.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/loop.h"

enum {
	/* How long a look at load, memory and disk holds. */
	MACHINE_MSEC = 1000,
	CHECK_NICENESS = 5,
	HOLD_USEC = 5000000,
	HOLD_SLACK_USEC = 100000,
	GUESSES_WINDOW_SEC = 900,
};

#define RESTARTS        "the service restarts"
#define NO_NEW_ACCOUNTS "no new accounts at the moment; try again later"

struct logins {
	struct login_options options;
	struct creations *creations;
	struct workers *checkers;
	struct verified *verified;
	struct newcomers *newcomers;
	struct meters *guesses; /* wrong passwords, by user */
	struct meters *held;    /* logins on hold, by user and address */
	struct login *first_held;
	size_t n_held;
	uint64_t machine_seen; /* when the machine was looked at */
	int machine_error;
	struct buf machine_why;
};

static uint32_t now_sec(void)
{
	return (uint32_t)(clock_msec() / 1000);
}

static void finish(
	struct login *l, enum login_verdict verdict, const char *reason)
{
	buf_release_secret(&l->stored);
	l->done(l, verdict, reason);
}

static void not_now(struct login *l, const char *for_log, const char *reason)
{
	log_warning("not now: %s", for_log);
	finish(l, LOGIN_NOT_NOW, reason);
}

/* On a thread. */
static void check(struct worker_job *job)
{
	struct login *l = CONTAINER_OF(job, struct login, job);

	if (!atomic_load(&l->is_dropped))
		l->is_right = hash_check(l->password, buf_str(&l->stored));
}

static void on_checked(struct worker_job *job)
{
	struct login *l = CONTAINER_OF(job, struct login, job);
	struct slice user = slice_of(l->user);

	if (job->is_cancelled) {
		finish(l, LOGIN_NOT_NOW, RESTARTS);
	} else if (l->is_right < 0) {
		not_now(l, "reason=password-file error=scheme",
			"internal error");
	} else if (l->is_right > 0) {
		verified_add(l->all->verified, user, slice_of(l->password),
			buf_slice(&l->stored));
		meters_reset(l->all->guesses, user);
		finish(l, LOGIN_GOOD, NULL);
	} else {
		meters_add(l->all->guesses, user, now_sec());
		finish(l, LOGIN_WRONG, NULL);
	}
}

static void start_check(struct login *l)
{
	l->job = (struct worker_job){ .done = on_checked };
	if (workers_submit(l->all->checkers, &l->job) < 0)
		not_now(l, "reason=too-many-at-once", "too many logins");
}

static void add_held_key(const struct login *l, struct buf *out)
{
	buf_add_str(out, l->user);
	buf_add_char(out, '\t');
	buf_add_slice(out, l->address);
}

static void end_hold(struct login *l)
{
	AUTO_BUF struct buf key = BUF_INIT(HELD_KEY_MAX_BYTES);

	add_held_key(l, &key);
	meters_sub(l->all->held, buf_slice(&key), now_sec());
	l->all->n_held--;
	*l->held_at = l->next_held;
	if (l->next_held)
		l->next_held->held_at = l->held_at;
	l->hold = sd_event_source_disable_unref(l->hold);
}

static int on_hold_over(
	sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct login *l = userdata;

	end_hold(l);
	start_check(l);
	return 0;
}

/*
 * One address cannot fill all places: the owner of the account is looked
 * at, too, from theirs.
 */
static void hold(struct login *l)
{
	AUTO_BUF struct buf key = BUF_INIT(HELD_KEY_MAX_BYTES);
	struct logins *all = l->all;

	add_held_key(l, &key);
	if (loop_is_over(all->options.event) || all->n_held >= HELD_MAX ||
		meters_count(all->held, buf_slice(&key), now_sec()) >=
			HELD_PER_ADDRESS) {
		finish(l, LOGIN_NOT_NOW, "too many wrong passwords; wait");
		return;
	}
	if (sd_event_add_time_relative(all->options.event, &l->hold,
		    CLOCK_MONOTONIC, HOLD_USEC, HOLD_SLACK_USEC, on_hold_over,
		    l) < 0)
		bug("cannot set a timer");
	meters_add(all->held, buf_slice(&key), now_sec());
	all->n_held++;
	l->next_held = all->first_held;
	l->held_at = &all->first_held;
	if (l->next_held)
		l->next_held->held_at = &l->next_held;
	all->first_held = l;
}

static void judge(struct login *l)
{
	struct slice user = slice_of(l->user);

	if (verified_has(l->all->verified, user, slice_of(l->password),
		    buf_slice(&l->stored)))
		finish(l, LOGIN_GOOD, NULL);
	else if (meters_count(l->all->guesses, user, now_sec()) >= GUESSES_FREE)
		hold(l);
	else
		start_check(l);
}

static void on_created(void *waiter, struct slice stored, bool is_theirs)
{
	struct login *l = waiter;

	if (stored.len == 0) {
		finish(l, LOGIN_NOT_NOW, NO_NEW_ACCOUNTS);
		return;
	}
	buf_add_slice(&l->stored, stored);
	if (is_theirs)
		verified_add(l->all->verified, slice_of(l->user),
			slice_of(l->password), stored);
	judge(l);
}

/* 0, or -EBUSY with a reason; looks at the machine now and then. */
static int check_machine(struct logins *all)
{
	uint64_t now = clock_msec();

	if (all->machine_seen == 0 || now - all->machine_seen > MACHINE_MSEC) {
		all->machine_error = account_check_machine(
			all->options.rules, &all->machine_why);
		all->machine_seen = now;
	}
	return all->machine_error;
}

static void count(struct logins *all, enum doveauth_counter which)
{
	counters_add(all->options.counters, which, 1);
}

static void create(struct login *l)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice user = slice_of(l->user), password = slice_of(l->password);
	struct logins *all = l->all;

	if (account_check(all->options.rules, user, password, &why) < 0) {
		count(all, COUNT_REFUSED_RULES);
		log_notice("refused: %s", buf_str(&why));
		finish(l, LOGIN_WRONG, NULL);
	} else if (check_machine(all) < 0) {
		count(all, COUNT_REFUSED_MACHINE);
		not_now(l, buf_str(&all->machine_why), NO_NEW_ACCOUNTS);
	} else if (!newcomers_have_room(
			   all->newcomers, l->address, now_sec())) {
		count(all, COUNT_REFUSED_NETWORK);
		not_now(l, "reason=new-accounts-of-a-network",
			"too many new accounts from this network; "
			"try again later");
	} else if (creations_begin(all->creations, user, password, l) < 0) {
		count(all, COUNT_REFUSED_MACHINE);
		not_now(l, "reason=too-many-at-once", NO_NEW_ACCOUNTS);
	} else {
		newcomers_add(all->newcomers, l->address, now_sec());
	}
}

void logins_begin(struct logins *all, struct login *l)
{
	struct slice user = slice_of(l->user);
	const struct users *users = all->options.users;

	l->all = all;
	l->stored = BUF_INIT(PASSWORD_FILE_MAX_BYTES);
	if (user_is_blocked(users, user)) {
		log_notice("refused: reason=blocked");
		finish(l, LOGIN_WRONG, NULL);
		return;
	}
	if (creations_join(all->creations, user, l))
		return;
	int r = user_read_password(users, user, &l->stored, NULL);
	if (r < 0) {
		log_err("cannot read a password file: %s", strerror(-r));
		finish(l, LOGIN_NOT_NOW, "internal error");
	} else if (r > 0) {
		judge(l);
	} else {
		create(l);
	}
}

int logins_new(const struct login_options *options, struct logins **ret_logins)
{
	struct logins *all = xcalloc(1, sizeof(*all));
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct workers_options checkers = {
		.run = check,
		.n_threads = cores < 1 ? 1 : (unsigned)cores,
		.queue_max = LOGINS_MAX,
		.niceness = CHECK_NICENESS,
	};

	*all = (struct logins){
		.options = *options,
		.verified = verified_new(),
		.newcomers = newcomers_new(options->config),
		.guesses = meters_new(GUESSES_WINDOW_SEC),
		.held = meters_new(GUESSES_WINDOW_SEC),
		.machine_why = BUF_INIT(BUF_WHY_MAX_BYTES),
	};
	int r = workers_new(options->event, &checkers, &all->checkers);
	if (r == 0)
		r = creations_new(options->event, options->users, on_created,
			&all->creations);
	if (r < 0) {
		logins_free(all);
		return r;
	}
	creations_count(all->creations, options->counters);
	*ret_logins = all;
	return 0;
}

void logins_free(struct logins *all)
{
	if (!all)
		return;
	creations_free(all->creations);
	while (all->first_held) {
		struct login *l = all->first_held;
		end_hold(l);
		finish(l, LOGIN_NOT_NOW, RESTARTS);
	}
	workers_free(all->checkers);
	verified_free(all->verified);
	newcomers_free(all->newcomers);
	meters_free(all->guesses);
	meters_free(all->held);
	buf_release(&all->machine_why);
	free(all);
}
