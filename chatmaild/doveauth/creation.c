#include "chatmaild/doveauth/creation.h"

#include <crypt.h>
#include <errno.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/workers.h"

enum {
	BUCKETS = 1024,
	SALT_CHARS = 16,
	NICENESS = 10,
};

#define SCHEME "{SHA512-CRYPT}"

static const char salt_alphabet[] =
	"./0123456789"
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

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
	struct buf why; /* of a failure */
	int error;
};

struct creations {
	struct counters *counters; /* or NULL */
	const struct users *users;
	creation_done_fn done;
	struct workers *hashers;
	struct workers *writers;
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
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	AUTO_BUF struct buf setting = BUF_INIT(64);

	buf_add_str(&setting, "$6$");
	random_add_text(&setting, salt_alphabet, SALT_CHARS);
	const char *text = crypt_rn(
		c->secret, buf_str(&setting), data, (int)sizeof(*data));
	if (text) {
		buf_add_str(&c->password, SCHEME);
		buf_add_str(&c->password, text);
		job->then = c->all->writers;
	} else {
		c->error = because(&c->why, -EINVAL, "cannot hash a password");
	}
	explicit_bzero(data, sizeof(*data));
	free(data);
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

/* On a thread: a batch, step by step, so that they share the waiting. */
static void write_out(struct worker_job *first)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	step(first, step_write);
	sync_step(first, step_sync);
	step(first, step_publish);
	sync_step(first, step_settle);
	int r = users_settle(creation_of(first)->all->users, &why);
	if (r < 0)
		fail_all(first, r, &why);
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

int creations_new(sd_event *event, const struct users *users,
	creation_done_fn done, struct creations **ret_creations)
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
	struct creations *all = xcalloc(1, sizeof(*all));

	all->users = users;
	all->done = done;
	int r = workers_new(event, &hashers, &all->hashers);
	if (r == 0)
		r = workers_new(event, &writers, &all->writers);
	if (r < 0) {
		creations_free(all);
		return r;
	}
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
	workers_free(all->hashers);
	workers_free(all->writers);
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
