#include "cmdeploy/relay/update.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cmdeploy/supervise/runit.h"
#include "lib/clock.h"

enum {
	RESTART_MSEC = 7000,
	REMOVE_FDS = 8,
};

static const struct timespec moment = { .tv_nsec = 20000000 };

/* Until the service runs with another process than `before`. */
static int wait_restarted(const char *dir, pid_t before)
{
	uint64_t end = clock_msec() + RESTART_MSEC;
	struct runit_status status;

	while (clock_msec() < end) {
		int r = runit_status(dir, &status);
		if (r < 0)
			return r;
		if (r == 1 && status.is_up && status.pid != before)
			return 0;
		nanosleep(&moment, NULL);
	}
	return -ETIMEDOUT;
}

/*
 * 1 restarted, 0 new: runsvdir starts it by itself, with its files. It may
 * have done so already.
 */
static int restart(const char *dir)
{
	struct runit_status before;
	int r = runit_status(dir, &before);

	if (r <= 0)
		return r;
	r = runit_control(dir, 't');
	if (r == 0)
		r = wait_restarted(dir, before.pid);
	return r < 0 ? r : 1;
}

/* What was done to which services, in this order. */
struct told {
	struct buf *started, *restarted, *reloaded;
};

static void tell(struct buf *list, const char *name)
{
	buf_addf(list, "%s%s", list->len ? ", " : "", name);
}

static int update_one(const struct relay *relay,
	const struct service_state *state, struct told *told, struct buf *why)
{
	const char *name = state->decl->name;
	AUTO_FREE char *text = xasprintf("service/%s", name);
	AUTO_FREE char *dir = relay_path(relay, text);
	bool is_restart = state->need == SERVICE_RESTART;

	if (state->need == SERVICE_KEEP)
		return 0;
	int r = is_restart ? restart(dir) : runit_control(dir, 'h');
	if (r < 0)
		return because(why, r, "%s could not be %s: %s", name,
			is_restart ? "restarted" : "reloaded", strerror(-r));
	bool is_start = r == 0 || state->is_new;
	tell(!is_restart           ? told->reloaded
			: is_start ? told->started
				   : told->restarted,
		name);
	return service_mark(&relay->apply, state, why);
}

static bool is_known(const struct service_states *states, const char *name)
{
	for (size_t i = 0; i < states->n; i++)
		if (strcmp(states->v[i].decl->name, name) == 0)
			return true;
	return false;
}

static int remove_one(const char *path, const struct stat *st UNUSED,
	int type UNUSED, struct FTW *ftw UNUSED)
{
	return remove(path);
}

static void forget_one(const char *dir)
{
	uint64_t end = clock_msec() + RESTART_MSEC;
	struct runit_status status;

	if (runit_control(dir, 'x') == 0)
		while (clock_msec() < end && runit_status(dir, &status) == 1)
			nanosleep(&moment, NULL);
	nftw(dir, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void update_forget_others(
	const struct relay *relay, const struct service_states *states)
{
	AUTO_FREE char *services = relay_path(relay, "service");
	DIR *dir = opendir(services);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path =
			xasprintf("%s/%s", services, entry->d_name);
		if (entry->d_name[0] != '.' && !is_known(states, entry->d_name))
			forget_one(path);
	}
	if (dir)
		closedir(dir);
}

static void add_told(struct buf *out, const char *verb, const struct buf *list)
{
	if (list->len > 0)
		buf_addf(out, "%s%s %s", out->len ? "; " : "", verb,
			buf_str(list));
}

int update_services(const struct relay *relay,
	const struct service_states *states, struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf started = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf restarted = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf reloaded = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct told told = { &started, &restarted, &reloaded };

	for (size_t i = 0; i < states->n; i++) {
		int r = update_one(relay, &states->v[i], &told, why);
		if (r < 0)
			return r;
	}
	add_told(out, "started", &started);
	add_told(out, "restarted", &restarted);
	add_told(out, "reloaded", &reloaded);
	return 0;
}
