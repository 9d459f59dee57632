/* runit as a supervisor: one folder a service. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/supervise/runit.h"
#include "cmdeploy/supervise/supervise.h"
#include "lib/clock.h"
#include "lib/file.h"

enum {
	RESTART_MSEC = 7000,
};

static const struct timespec moment = { .tv_nsec = 20000000 };

static char *folder_of(const struct supervisor *s, const char *unit)
{
	return xasprintf("%s/%s", s->dir, unit);
}

static int status_one(const struct supervisor *s, const char *unit,
	struct service_status *ret_status, struct buf *why)
{
	AUTO_FREE char *dir = folder_of(s, unit);
	struct runit_status status = { 0 };
	int r = runit_status(dir, &status);

	if (r < 0)
		return because(why, r, "%s: %s", unit, strerror(-r));
	*ret_status = (struct service_status){
		.is_known = r == 1,
		.is_up = r == 1 && status.is_up,
		.is_enabled = r == 1,
		.pid = status.pid,
		.since = status.since,
		.end_stamp = status.is_up ? 0 : status.stamp,
	};
	return 0;
}

static int status(const struct supervisor *s, struct unit_list units,
	struct service_status *ret_statuses, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < units.n; i++)
		r = status_one(s, units.names[i], &ret_statuses[i], why);
	return r;
}

static int each(const struct supervisor *s, struct unit_list units,
	int (*act)(
		const struct supervisor *s, const char *unit, struct buf *why),
	struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < units.n; i++)
		r = act(s, units.names[i], why);
	return r;
}

/* runsvdir sees new folders by itself, and runs what it sees. */
static int refresh(const struct supervisor *s UNUSED, struct buf *why UNUSED)
{
	return 0;
}

static int enable(const struct supervisor *s UNUSED,
	struct unit_list units UNUSED, struct buf *why UNUSED)
{
	return 0;
}

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
 * A new one is started by runsvdir itself, with its files. It may have done
 * so already.
 */
static int restart_one(
	const struct supervisor *s, const char *unit, struct buf *why)
{
	AUTO_FREE char *dir = folder_of(s, unit);
	struct runit_status before;
	int r = runit_status(dir, &before);

	if (r == 0)
		return 0;
	if (r > 0)
		r = runit_control(dir, 't');
	if (r == 0)
		r = wait_restarted(dir, before.pid);
	if (r < 0)
		return because(why, r, "%s could not be restarted: %s", unit,
			strerror(-r));
	return 0;
}

static int restart(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	return each(s, units, restart_one, why);
}

static int reload_one(
	const struct supervisor *s, const char *unit, struct buf *why)
{
	AUTO_FREE char *dir = folder_of(s, unit);
	int r = runit_control(dir, 'h');

	if (r < 0)
		return because(why, r, "%s could not be reloaded: %s", unit,
			strerror(-r));
	return 0;
}

static int reload(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	return each(s, units, reload_one, why);
}

/* Its folder goes too: runsvdir would start it again. */
static int disable_one(
	const struct supervisor *s, const char *unit, struct buf *why UNUSED)
{
	AUTO_FREE char *dir = folder_of(s, unit);
	uint64_t end = clock_msec() + RESTART_MSEC;
	struct runit_status status;

	if (runit_control(dir, 'x') == 0)
		while (clock_msec() < end && runit_status(dir, &status) == 1)
			nanosleep(&moment, NULL);
	dir_remove(dir);
	return 0;
}

static int disable(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	return each(s, units, disable_one, why);
}

static void log_tail(
	const struct supervisor *s, const char *unit, size_t n, struct buf *out)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", s->log_dir, unit);

	runit_log_tail(dir, n, out);
}

static const struct supervisor_ops ops = {
	.status = status,
	.refresh = refresh,
	.enable = enable,
	.disable = disable,
	.restart = restart,
	.reload = reload,
	.log_tail = log_tail,
};

void supervisor_init_runit(
	struct supervisor *s, const char *dir, const char *log_dir)
{
	*s = (struct supervisor){
		.ops = &ops,
		.dir = xstrdup(dir),
		.log_dir = xstrdup(log_dir),
	};
}
