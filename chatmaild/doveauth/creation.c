/*
 * creation.c - a table of the accounts on their way into being, and the
 * threads that make them (creation.h).
 */
#include "chatmaild/doveauth/creation.h"
#include "chatmaild/common/password.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/workers.h"

enum {
	NICENESS = 10,
};

struct waiter {
	struct waiter *next;
	void *owner;
};

struct creation {
	struct creations *all;
	struct worker_job job;
	/* The first one's password is hashed. */
	struct waiter *waiters, **end_of_waiters;
	bool is_first_here; /* nobody was faster in another process */
	char *address;
	char *secret;        /* the password; gone once it is hashed */
	struct buf password; /* what the file says, at last */
	int error;
};

struct creations {
	struct counters *counters; /* or NULL */
	const struct users *users;
	creation_done_fn done;
	struct workers *workers;
	void *tree; /* of struct creation, by address: tsearch(3) */
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct creation *x = a, *y = b;

	return strcmp(x->address, y->address);
}

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
	wipe_secret(c);
	buf_release_secret(&c->password);
	free(c->address);
	free(c);
}

/* On a thread. */
static void create(struct worker_job *job)
{
	struct creation *c = creation_of(job);
	struct buf hash = BUF_INIT(PASSWORD_FILE_MAX_BYTES);

	c->error = password_hash(c->secret, &hash, NULL);
	wipe_secret(c);
	if (c->error == 0) {
		int r = user_create(c->all->users, slice_of(c->address),
			buf_slice(&hash), &c->password, NULL);
		c->is_first_here = r > 0;
		if (r > 0)
			buf_add_slice(&c->password, buf_slice(&hash));
		c->error = r < 0 ? r : 0;
	}
	buf_release_secret(&hash);
}

static void finish(struct creation *c)
{
	struct slice password = buf_slice(&c->password);
	bool is_theirs = c->is_first_here;
	struct waiter *waiter;

	tdelete(c, &c->all->tree, compare);
	c->all->n--;
	if (c->error < 0) {
		log_err("account not created: %s", strerror(-c->error));
		password = SLICE_NONE;
		counters_add(c->all->counters, COUNT_REFUSED_FAILED, 1);
	} else {
		log_info("account created");
		counters_add(c->all->counters, COUNT_CREATED, 1);
	}
	/* In turn: whoever has the same password needs no hash then. */
	while ((waiter = c->waiters)) {
		c->waiters = waiter->next;
		c->all->done(waiter->owner, password, is_theirs);
		is_theirs = false;
		free(waiter);
	}
	creation_free(c);
}

static void on_done(struct worker_job *job)
{
	struct creation *c = creation_of(job);

	if (job->is_cancelled)
		c->error = -ECANCELED;
	finish(c);
}

static unsigned n_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN) * CREATION_THREADS_PER_CORE;

	if (n < 1)
		return 1;
	return n > CREATION_THREADS_MAX ? CREATION_THREADS_MAX : (unsigned)n;
}

int creations_new(sd_event *event, const struct users *users,
	creation_done_fn done, struct creations **ret_creations)
{
	struct creations *all = xcalloc(1, sizeof(*all));
	struct workers_options options = {
		.run = create,
		.n_threads = n_threads(),
		.queue_max = CREATIONS_MAX,
		.niceness = NICENESS,
	};

	all->users = users;
	all->done = done;
	int r = workers_new(event, &options, &all->workers);
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
	workers_free(all->workers);
	free(all);
}

static void add_waiter(struct creation *c, void *owner)
{
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	waiter->owner = owner;
	*c->end_of_waiters = waiter;
	c->end_of_waiters = &waiter->next;
}

bool creations_join(struct creations *all, struct slice address, void *waiter)
{
	AUTO_FREE char *copy = slice_dup(address);
	struct creation key = { .address = copy };
	struct creation **found = tfind(&key, &all->tree, compare);

	if (found)
		add_waiter(*found, waiter);
	return found;
}

int creations_begin(struct creations *all, struct slice address,
	struct slice password, void *waiter)
{
	if (all->n >= CREATIONS_MAX)
		return -EAGAIN;
	struct creation *c = xcalloc(1, sizeof(*c));
	*c = (struct creation){
		.all = all,
		.job.done = on_done,
		.address = slice_dup(address),
		.secret = slice_dup(password),
		.password = BUF_INIT(PASSWORD_FILE_MAX_BYTES),
	};
	int r = workers_submit(all->workers, &c->job);
	if (r < 0) {
		creation_free(c);
		return r;
	}
	if (!tsearch(c, &all->tree, compare))
		oom();
	all->n++;
	c->end_of_waiters = &c->waiters;
	add_waiter(c, waiter);
	return 0;
}
