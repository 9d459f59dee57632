/* pass.c - threads that share the accounts of the mail folder. */
#include "chatmaild/expire/pass.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chatmaild/expire/inactive.h"
#include "chatmaild/expire/sweep.h"
#include "chatmaild/expire/tree.h"
#include "lib/die.h"

enum {
	/* Reading the tree is bound by system calls; more only disturb. */
	THREADS_MAX = 4,
	PROGRESS_MSEC = 250,
};

struct pass {
	const struct plan *plan;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended; /* a worker did */
	struct dir *top;
	struct counts counts; /* of accounts that are done */
	int n_running;
};

static void visit_user(struct task *task, const struct dir *top,
	const char *name, enum top_kind kind)
{
	bool may_go = task->plan->wants_users && kind == TOP_USER;
	AUTO_DIR struct dir user = DIR_NONE;

	if (!task_open(task, top, name, &user))
		return;
	task->counts.users++;
	if (may_go && inactive_remove(task, top, name, &user))
		return;
	if (task->plan->wants_mail) {
		size_t mark = task_enter(task, name);
		sweep_user(task, &user);
		task_leave(task, mark);
	}
	if (may_go)
		inactive_remove_remains(task, top, name, &user);
}

static void visit_condemned(
	struct task *task, const struct dir *top, const char *name)
{
	if (!task->plan->wants_users)
		return;
	task_show(task, FATE_LEFTOVER, name);
	tree_remove(task, top, name);
	task->counts.leftovers++;
}

/* The next entry of the mail folder, for one worker. */
struct turn {
	char name[NAME_MAX + 1];
	unsigned char type;
	ino_t ino;
};

static void visit(
	struct task *task, const struct dir *top, const struct turn *turn)
{
	const char *name = turn->name;
	enum top_kind kind = rules_top(name);

	task->user_ino = kind == TOP_ODD ? 0 : turn->ino;
	if (kind == TOP_SERVICE)
		return;
	if (turn->type != DT_DIR || kind == TOP_ODD)
		task_odd(task, name);
	else if (kind == TOP_CONDEMNED)
		visit_condemned(task, top, name);
	else
		visit_user(task, top, name, kind);
}

/* Hands in what was counted, and takes the next name. */
static bool take_turn(struct pass *pass, struct task *task, struct turn *turn)
{
	struct dir_entry entry;

	pthread_mutex_lock(&pass->lock);
	task->user_ino = 0;
	bool is_there = task_next(task, pass->top, &entry);
	if (is_there) {
		*turn = (struct turn){ .type = entry.type, .ino = entry.ino };
		memccpy(turn->name, entry.name, '\0', NAME_MAX);
	}
	counts_add(&pass->counts, &task->counts);
	task->counts = (struct counts){ 0 };
	pthread_mutex_unlock(&pass->lock);
	return is_there;
}

static void *work(void *owner)
{
	struct pass *pass = owner;
	struct turn turn;
	struct task task;

	task_init(&task, pass->plan);
	while (take_turn(pass, &task, &turn))
		visit(&task, pass->top, &turn);
	task_release(&task);
	pthread_mutex_lock(&pass->lock);
	pass->n_running--;
	pthread_cond_signal(&pass->ended);
	pthread_mutex_unlock(&pass->lock);
	return NULL;
}

static void show_progress(const struct counts *counts)
{
	fprintf(stderr, "\r%lu users, %lu messages, %lu deleted ",
		(unsigned long)counts->users, (unsigned long)counts->messages,
		(unsigned long)counts->gone_messages);
}

static void wait_for_all(struct pass *pass)
{
	bool is_watched = isatty(STDERR_FILENO) && !pass->plan->is_dry;
	struct timespec until;

	pthread_mutex_lock(&pass->lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	while (pass->n_running > 0) {
		until.tv_nsec += PROGRESS_MSEC * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_clockwait(
			&pass->ended, &pass->lock, CLOCK_MONOTONIC, &until);
		if (is_watched)
			show_progress(&pass->counts);
	}
	if (is_watched)
		fputs("\r\x1b[K", stderr);
	pthread_mutex_unlock(&pass->lock);
}

/* A dry run is read by people: one account after the other. */
static int count_threads(const struct plan *plan)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (plan->is_dry || n < 1)
		return 1;
	return n > THREADS_MAX ? THREADS_MAX : (int)n;
}

void pass_run(
	const struct plan *plan, struct dir *top, struct counts *ret_counts)
{
	pthread_t threads[THREADS_MAX];
	int n = count_threads(plan);
	struct pass pass = {
		.plan = plan,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.ended = PTHREAD_COND_INITIALIZER,
		.top = top,
		.n_running = n,
	};

	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, &pass) != 0)
			die("cannot start a thread; raise the limit of "
			    "processes (ulimit -u)");
	wait_for_all(&pass);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	*ret_counts = pass.counts;
}
