#include "chatmaild/doveauth/creation.h"

#include <errno.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "chatmaild/common/user-journal.h"
#include "chatmaild/doveauth/hash.h"
#include "chatmaild/doveauth/settler.h"
#include "lib/log.h"
#include "lib/workers.h"

enum {
	BUCKETS = 1024,
	NICENESS = 10,
};

struct waiter {
	struct waiter *next;
	void *owner;
};

struct creation {
	struct creation *next; /* of its bucket */
	struct creations *all;
	struct worker_job job;
	struct waiter *waiters;
	char *address;
	char *secret;        /* the password; gone once it is hashed */
	struct buf password; /* what the file says, at last */
	struct user_draft draft;
	bool is_late;   /* another process has created it */
	struct buf why; /* of a failure */
	int error;
};

struct creations {
	struct counters *counters; /* or NULL */
	const struct users *users;
	creation_done_fn done;
	struct workers *hashers;
	struct workers *writers;
	struct user_journal *journal;
	struct settler *settler;
	struct creation *buckets[BUCKETS];
	size_t n;
};

static struct creation *creation_of(struct worker_job *job)
{
	return CONTAINER_OF(job, struct creation, job);
}

static void wipe_secret(struct creation *c)
{
	if (!c->secret)
		return;
	explicit_bzero(c->secret, strlen(c->secret));
	free(c->secret);
	c->secret = NULL;
}

static void creation_free(struct creation *c)
{
	user_draft_release(&c->draft);
	wipe_secret(c);
	buf_release_secret(&c->password);
	buf_release(&c->why);
	free(c->address);
	free(c);
}

/* On a thread: one password. */
static void hash(struct worker_job *job)
{
	struct creation *c = creation_of(job);

	c->error = hash_password(c->secret, &c->password, &c->why);
	if (c->error == 0)
		job->then = c->all->writers;
	wipe_secret(c);
}

static int step_write(struct creation *c)
{
	return user_draft_write(&c->draft, c->all->users, slice_of(c->address),
		buf_slice(&c->password), &c->why);
}

static int step_sync(struct creation *c)
{
	return user_draft_sync(&c->draft, &c->why);
}

static int step_publish(struct creation *c)
{
	AUTO_BUF struct buf winner = BUF_INIT(PASSWORD_FILE_MAX_BYTES);
	int r = user_draft_publish(&c->draft, &winner, &c->why);

	if (r == 0) {
		buf_reset(&c->password);
		buf_add_slice(&c->password, buf_slice(&winner));
		c->is_late = true;
	}
	return r < 0 ? r : 0;
}

static int step_settle(struct creation *c)
{
	return user_draft_settle(&c->draft, &c->why);
}

static void step(struct worker_job *first, int (*what)(struct creation *))
{
	for (struct worker_job *job = first; job; job = job->next) {
		struct creation *c = creation_of(job);
		if (c->error == 0)
			c->error = what(c);
	}
}

static void fail_all(struct worker_job *first, int error, const struct buf *why)
{
	for (struct worker_job *job = first; job; job = job->next) {
		struct creation *c = creation_of(job);
		if (c->error == 0)
			c->error = because(&c->why, error, "%s", buf_str(why));
	}
}

static size_t count(const struct worker_job *job)
{
	size_t n = 0;

	for (; job; job = job->next)
		n++;
	return n;
}

/*
 * A few are synced one by one, so that what else is dirty on the disk does
 * not hold them up; many at once cost less when all of the disk is.
 */
static void sync_step(struct worker_job *first, int (*one)(struct creation *))
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (count(first) < SYNC_ALL_FROM) {
		step(first, one);
		return;
	}
	int r = users_sync_all(creation_of(first)->all->users, &why);
	if (r < 0)
		fail_all(first, r, &why);
}

static void settle_names(struct worker_job *first)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = users_settle(creation_of(first)->all->users, &why);

	if (r < 0)
		fail_all(first, r, &why);
}

/* Another process has the journal: the disk is waited for. */
static void write_synced(struct worker_job *first)
{
	sync_step(first, step_sync);
	step(first, step_publish);
	sync_step(first, step_settle);
	settle_names(first);
}

static bool has_late(const struct worker_job *job)
{
	while (job && !CONTAINER_OF(job, const struct creation, job)->is_late)
		job = job->next;
	return job;
}

static int commit(
	struct worker_job *first, struct user_batch *batch, struct buf *why)
{
	struct user_journal *journal = creation_of(first)->all->journal;

	for (struct worker_job *job = first; job; job = job->next) {
		struct creation *c = creation_of(job);
		if (c->error == 0)
			user_batch_add(journal, batch, slice_of(c->address),
				buf_slice(&c->password));
	}
	return user_batch_commit(journal, batch, why);
}

static void write_journaled(struct worker_job *first)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct user_batch batch = USER_BATCH_INIT;
	int r = commit(first, &batch, &why);

	if (r < 0)
		fail_all(first, r, &why);
	step(first, step_publish);
	user_batch_end(creation_of(first)->all->journal, &batch);
	/* Who was first may not have got so far. */
	if (has_late(first)) {
		step(first, step_settle);
		settle_names(first);
	}
}

/* On a writer's thread: a batch, so that they share the waiting. */
static void write_out(struct worker_job *first)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct creations *all = creation_of(first)->all;

	step(first, step_write);
	int r = user_journal_take(all->journal, NULL, &why);
	if (r < 0)
		fail_all(first, r, &why);
	else if (r > 0)
		write_journaled(first);
	else
		write_synced(first);
	for (struct worker_job *job = first; job; job = job->next)
		user_draft_release(&creation_of(job)->draft);
}

/* FNV-1a. */
static struct creation **bucket_of(struct creations *all, struct slice address)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < address.len; i++)
		sum = (sum ^ (unsigned char)address.ptr[i]) * 16777619u;
	return &all->buckets[sum % BUCKETS];
}

static void unlist(struct creation *c)
{
	struct creation **at = bucket_of(c->all, slice_of(c->address));

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->all->n--;
}

static void finish(struct creation *c)
{
	struct slice password = buf_slice(&c->password);
	struct waiter *waiter;

	unlist(c);
	if (c->error < 0) {
		log_err("account not created: %s", buf_str(&c->why));
		password = SLICE_NONE;
		counters_add(c->all->counters, COUNT_REFUSED_FAILED, 1);
	} else {
		log_info("account created");
		settler_plan(c->all->settler);
		counters_add(c->all->counters, COUNT_CREATED, 1);
	}
	while ((waiter = c->waiters)) {
		c->waiters = waiter->next;
		c->all->done(waiter->owner, slice_of(c->address), password);
		free(waiter);
	}
	creation_free(c);
}

static void on_done(struct worker_job *job)
{
	struct creation *c = creation_of(job);

	if (job->is_cancelled)
		c->error = because(&c->why, -ECANCELED, "the service ends");
	finish(c);
}

static unsigned n_hashers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return 1;
	return n > HASH_THREADS_MAX ? HASH_THREADS_MAX : (unsigned)n;
}

static int start_workers(struct creations *all, sd_event *event)
{
	struct workers_options hashers = {
		.run = hash,
		.n_threads = n_hashers(),
		.queue_max = CREATIONS_MAX,
		.batch_max = 1,
		.niceness = NICENESS,
	};
	struct workers_options writers = {
		.run = write_out,
		.n_threads = WRITER_THREADS,
		.queue_max = CREATIONS_MAX,
		.batch_max = CREATION_BATCH_MAX,
	};
	int r = workers_new(event, &hashers, &all->hashers);

	if (r == 0)
		r = workers_new(event, &writers, &all->writers);
	if (r == 0)
		r = settler_new(event, all->journal, &all->settler);
	return r;
}

/* Before anybody asks: what was promised has to be there. */
static void open_journal(struct creations *all)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct user_replay replay = { 0 };
	int r = user_journal_take(all->journal, &replay, &why);

	if (r < 0)
		log_err("nobody is created until it works: %s", buf_str(&why));
	if (r == 0)
		log_notice("another process has the journal: slow creations");
	if (replay.n_records || replay.n_bad)
		log_notice("journal replayed: records=%zu placed=%zu bad=%zu",
			replay.n_records, replay.n_placed, replay.n_bad);
}

int creations_new(sd_event *event, const struct users *users,
	creation_done_fn done, struct creations **ret_creations)
{
	struct creations *all = xcalloc(1, sizeof(*all));

	all->users = users;
	all->done = done;
	all->journal = user_journal_new(users);
	int r = start_workers(all, event);
	if (r < 0) {
		creations_free(all);
		return r;
	}
	open_journal(all);
	*ret_creations = all;
	return 0;
}

void creations_count(struct creations *creations, struct counters *counters)
{
	creations->counters = counters;
}

void creations_free(struct creations *all)
{
	if (!all)
		return;
	settler_stop(all->settler);
	workers_free(all->hashers);
	workers_free(all->writers);
	settler_free(all->settler);
	user_journal_free(all->journal);
	free(all);
}

static void add_waiter(struct creation *c, void *owner)
{
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	waiter->owner = owner;
	waiter->next = c->waiters;
	c->waiters = waiter;
}

bool creations_join(struct creations *all, struct slice address, void *waiter)
{
	struct creation *c = *bucket_of(all, address);

	while (c && !slice_eq_str(address, c->address))
		c = c->next;
	if (c)
		add_waiter(c, waiter);
	return c;
}

int creations_begin(struct creations *all, struct slice address,
	struct slice password, void *waiter)
{
	struct creation **bucket = bucket_of(all, address);

	if (all->n >= CREATIONS_MAX)
		return -EAGAIN;
	struct creation *c = xcalloc(1, sizeof(*c));
	*c = (struct creation){
		.next = *bucket,
		.all = all,
		.job.done = on_done,
		.address = slice_dup(address),
		.secret = slice_dup(password),
		.password = BUF_INIT(PASSWORD_FILE_MAX_BYTES),
		.draft = { .dir_fd = -1, .file_fd = -1 },
		.why = BUF_INIT(BUF_WHY_MAX_BYTES),
	};
	int r = workers_submit(all->hashers, &c->job);
	if (r < 0) {
		creation_free(c);
		return r;
	}
	*bucket = c;
	all->n++;
	add_waiter(c, waiter);
	return 0;
}
