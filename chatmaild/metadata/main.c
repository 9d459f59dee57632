/*
 * chatmail-metadata - IMAP METADATA for Dovecot, and the notifier that
 * wakes sleeping phones. See chatmail-metadata(8).
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "chatmaild/common/dict-program.h"
#include "chatmaild/common/rate.h"
#include "chatmaild/metadata/notifier.h"
#include "chatmaild/metadata/shared.h"
#include "chatmaild/metadata/tokens.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/path.h"
#include "lib/workers.h"

enum {
	/* They wait for the disk, mostly. */
	WRITERS = 8,
	WRITES_MAX = 10000,
	ANSWER_MAX_BYTES = TOKENS_MAX_BYTES,
	/* Of one user; further ones are ignored. */
	FAULTS_PER_MINUTE = 10,
};

static const char *const counter_names[] = {
	[COUNT_SENT] = "notifications_sent_total",
	[COUNT_GONE] = "notifications_failed_total{reason=\"gone\"}",
	[COUNT_DROPPED] = "notifications_failed_total{reason=\"dropped\"}",
	[COUNT_RETRIED] = "notifications_retried_total",
	NULL,
};

struct metadata {
	struct dict_program base;
	struct shared shared;
	struct notifier *notifier;
	struct workers *writers;
	struct rate *faults; /* by user: how many are still told */
};

/* A request that is answered when all of its changes are done. */
struct commit {
	struct dict_request *request;
	size_t n_left;
	int result; /* the first failure */
	struct buf why;
};

/* A change of a user's tokens, on its way to the disk. */
struct write {
	struct worker_job job;
	struct commit *commit; /* NULL: nobody asked */
	char *home;
	char *token;
	enum token_change change;
	int result;
	bool is_aside;
	struct buf why;
};

/* Only Dovecot itself may set it: IMAP clients cannot name it. */
#define MESSAGE_NEW "vendor/vendor.dovecot/pvt/messagenew"

static bool is_priv_key(struct slice key, const char *name)
{
	struct slice prefix, rest;

	return slice_cut(key, '/', &prefix, &rest) &&
		slice_eq_str(prefix, "priv") &&
		slice_cut(rest, '/', &prefix, &rest) &&
		slice_eq_str(rest, name);
}

static void run_write(struct worker_job *job)
{
	struct write *w = CONTAINER_OF(job, struct write, job);

	w->result = tokens_change(w->home, w->change, slice_of(w->token),
		time(NULL), &w->is_aside, &w->why);
}

static void answer(struct commit *commit)
{
	if (commit->result >= 0)
		dict_answer_done(commit->request);
	else if (commit->result == -ENOENT)
		dict_answer_none(commit->request);
	else
		dict_answer_fail(commit->request, buf_str(&commit->why));
	buf_release(&commit->why);
	free(commit);
}

/* One of its changes is done; the last one answers. */
static void settle(struct commit *commit, int result, const char *why)
{
	if (result < 0 && commit->result >= 0)
		commit->result = because(&commit->why, result, "%s", why);
	if (--commit->n_left == 0)
		answer(commit);
}

static void answer_write(struct write *w)
{
	if (w->is_aside)
		log_warning(
			"metadata.json put aside: reason=%s", buf_str(&w->why));
	if (w->result < 0)
		log_err("tokens not written: reason=%s", buf_str(&w->why));
	if (w->commit)
		settle(w->commit, w->result, buf_str(&w->why));
}

static void write_free(struct write *w)
{
	if (w->token)
		explicit_bzero(w->token, strlen(w->token));
	free(w->token);
	free(w->home);
	buf_release(&w->why);
	free(w);
}

static void on_written(struct worker_job *job)
{
	struct write *w = CONTAINER_OF(job, struct write, job);

	if (job->is_cancelled)
		w->result = because(&w->why, -ECANCELED, "going down");
	answer_write(w);
	write_free(w);
}

/* false when the address is none of ours. */
static bool add_home(
	const struct metadata *m, struct slice user, struct buf *out)
{
	if (!user_is_address(&m->base.users, user))
		return false;
	user_add_home(&m->base.users, user, out);
	return true;
}

/* Settles `commit`, which may be NULL, when it is done. */
static void submit(struct metadata *m, struct commit *commit, struct slice home,
	enum token_change change, struct slice token)
{
	struct write *w = xcalloc(1, sizeof(*w));

	*w = (struct write){
		.job = { .done = on_written },
		.commit = commit,
		.home = slice_dup(home),
		.token = slice_dup(token),
		.change = change,
		.why = BUF_INIT(BUF_WHY_MAX_BYTES),
	};
	int r = workers_submit(m->writers, &w->job);
	if (r == 0)
		return;
	w->result = because(&w->why, r, "too many writes wait");
	answer_write(w);
	write_free(w);
}

/* The user's tokens; what is old or broken is seen to on the way. */
static int read_tokens(struct metadata *m, struct slice home,
	struct token_list *ret_list, struct buf *why)
{
	AUTO_FREE char *path = slice_dup(home);
	int r = tokens_read(path, time(NULL), ret_list, why);

	if (r == 0 && (ret_list->is_old || ret_list->is_broken))
		submit(m, NULL, home, TOKEN_CONVERT, SLICE_NONE);
	return r;
}

static void lookup_tokens(
	struct metadata *m, struct dict_request *request, struct slice user)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf home = BUF_INIT(PATH_MAX_BYTES);
	AUTO_BUF struct buf text = BUF_INIT(ANSWER_MAX_BYTES);
	struct token_list list = { 0 };
	int r = 0;

	if (add_home(m, user, &home))
		r = read_tokens(m, buf_slice(&home), &list, &why);
	for (size_t i = 0; i < list.n; i++) {
		if (i > 0)
			buf_add_char(&text, ' ');
		buf_add_slice(&text, list.tokens[i]);
	}
	if (r < 0) {
		log_err("tokens not read: reason=%s", buf_str(&why));
		dict_answer_fail(request, buf_str(&why));
	} else if (list.n == 0) {
		dict_answer_none(request);
	} else {
		dict_answer_value(request, buf_slice(&text));
	}
	token_list_release(&list);
}

static void on_lookup(struct dict_request *request,
	const struct dict_command *command, void *owner)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf text = BUF_INIT(ANSWER_MAX_BYTES);
	struct metadata *m = CONTAINER_OF(owner, struct metadata, base);

	if (is_priv_key(command->key, "devicetoken")) {
		lookup_tokens(m, request, command->user);
		return;
	}
	int r = shared_lookup(
		&m->shared, command->key, command->user, &text, &why);
	if (r < 0) {
		log_err("not answered: reason=%s", buf_str(&why));
		dict_answer_fail(request, buf_str(&why));
	} else if (r == 0) {
		dict_answer_none(request);
	} else {
		dict_answer_value(request, buf_slice(&text));
	}
}

/* A message has come: all devices of the user are to know. */
static int notify(struct metadata *m, struct slice user, struct slice home,
	struct buf *why)
{
	struct token_list list = { 0 };
	int r = read_tokens(m, home, &list, why);

	for (size_t i = 0; i < list.n && r == 0; i++)
		r = notifier_add(m->notifier, user, list.tokens[i], why);
	token_list_release(&list);
	return r;
}

/*
 * What users can set, and Dovecot. Other keys are answered as not there: of a
 * failure Dovecot would write a line into its log, for each command. A value
 * that is not a token is a failure, since Dovecot tells users no other one;
 * after a few in a minute it is ignored like other keys.
 */
static int check_change(struct metadata *m, const struct dict_change *change,
	struct slice user, struct buf *why)
{
	bool is_tokens = is_priv_key(change->key, "devicetoken");

	if (!is_tokens && !is_priv_key(change->key, MESSAGE_NEW))
		return because(why, -ENOENT, "nothing that can be set");
	if (is_tokens && change->verb == DICT_SET &&
		!token_is_valid(change->value))
		return because(why,
			rate_take(m->faults, user, 1, loop_usec(m->base.event))
				? -EINVAL
				: -ENOENT,
			"not a device token: empty, too long, or with blanks");
	return 0;
}

static void apply(struct metadata *m, struct commit *commit,
	const struct dict_change *change, struct slice user)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf home = BUF_INIT(PATH_MAX_BYTES);
	int r = check_change(m, change, user, &why);

	if (r == 0 && !add_home(m, user, &home))
		r = because(&why, -ENOENT, "no user of ours");
	if (r < 0) {
		/* told below */
	} else if (is_priv_key(change->key, "devicetoken")) {
		submit(m, commit, buf_slice(&home),
			change->verb == DICT_SET ? TOKEN_SET : TOKEN_REMOVE_ALL,
			change->value);
		return;
	} else if (change->verb == DICT_SET) {
		r = notify(m, user, buf_slice(&home), &why);
	}
	if (r < 0 && r != -ENOENT)
		log_warning("not set: reason=%s", buf_str(&why));
	settle(commit, r, buf_str(&why));
}

static void on_commit(struct dict_request *request,
	const struct dict_transaction *transaction, void *owner)
{
	struct metadata *m = CONTAINER_OF(owner, struct metadata, base);
	struct commit *commit = xcalloc(1, sizeof(*commit));

	*commit = (struct commit){
		.request = request,
		.n_left = transaction->n_changes + 1,
		.why = BUF_INIT(BUF_WHY_MAX_BYTES),
	};
	for (const struct dict_change *change = transaction->changes; change;
		change = change->next)
		apply(m, commit, change, transaction->user);
	settle(commit, 0, "");
}

static const struct dict_ops dict_ops = {
	.lookup = on_lookup,
	.commit = on_commit,
};

/* The notification server does not know this token any more. */
static void on_gone(struct slice address, struct slice token, void *owner)
{
	AUTO_BUF struct buf home = BUF_INIT(PATH_MAX_BYTES);
	struct metadata *m = owner;

	log_info("token removed: reason=gone");
	if (add_home(m, address, &home))
		submit(m, NULL, buf_slice(&home), TOKEN_REMOVE, token);
}

static const struct workers_options writer_options = {
	.run = run_write,
	.n_threads = WRITERS,
	.queue_max = WRITES_MAX,
};

static void start(struct dict_program *base, const char *ini_path)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct metadata *m = CONTAINER_OF(base, struct metadata, base);

	shared_init(&m->shared, &base->config, ini_path);
	m->faults = rate_new(
		&(struct rate_limits){ .per_minute = FAULTS_PER_MINUTE });
	if (workers_new(base->event, &writer_options, &m->writers) < 0)
		die("cannot set up threads");
	if (notifier_new(base->event, base->config.mailboxes_dir,
		    base->config.notification_url, on_gone, m, &m->notifier,
		    &why) < 0)
		die("%s", buf_str(&why));
	notifier_count(m->notifier, &base->counters);
}

static void stop(struct dict_program *base)
{
	struct metadata *m = CONTAINER_OF(base, struct metadata, base);

	notifier_free(m->notifier);
	workers_free(m->writers);
	rate_free(m->faults);
	shared_release(&m->shared);
}

int main(int argc, char **argv)
{
	static struct metadata metadata = {
		.base = {
			.name = "chatmail-metadata",
			.reader = READ_METADATA,
			.counter_names = counter_names,
			.ops = &dict_ops,
			.start = start,
			.stop = stop,
		},
	};

	return dict_program_main(&metadata.base, argc, argv);
}
