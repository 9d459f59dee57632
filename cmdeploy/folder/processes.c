/* The processes of a relay that has no systemd. */
#include "cmdeploy/folder/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/folder/namespace.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "cmdeploy/supervise/tree.h"
#include "lib/child.h"
#include "lib/proc.h"

enum {
	/* Of the 5 seconds to stop in. */
	STOP_KINDLY_MSEC = 3500,
	STOP_FIRMLY_MSEC = 500,
	STOP_KILL_MSEC = 900,
	/* How often orphans are looked for, and asked to end. */
	LOOK_MSEC = 1000,
	LOOKS = 10,
};

struct ground {
	const char *dir;
	const char *barrier; /* or NULL */
};

/* In the child, whose standard error is the log by now. */
static int enter(void *owner)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct ground *ground = owner;
	int r = 0;

	umask(022);
	if (ground->barrier)
		r = namespace_enter(ground->dir, ground->barrier, &why);
	if (r < 0)
		fprintf(stderr, "cmdeploy: cannot cover a folder: %s\n",
			buf_str(&why));
	return r;
}

void processes_prepare(void)
{
	signals_hold();
	tree_adopt();
}

/*
 * A session of its own, so that the terminal's Ctrl-C does not reach the
 * services; and a HUP, on which runsvdir ends them all, when we are
 * killed. Nothing of the caller's surroundings reaches the services.
 */
int processes_start(const struct relay *relay, struct buf *why)
{
	const char *dir = relay->dir, *services = relay->places.service_dir;
	AUTO_FREE char *barrier = dir[0] ? namespace_barrier(dir) : NULL;
	AUTO_FREE char *log =
		xasprintf("%s/runsvdir.log", relay->places.log_dir);
	AUTO_CLOSE int out =
		open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct ground ground = { dir, barrier };
	pid_t pid;

	if (out < 0)
		return because(why, -errno, "%s: %s", log, strerror(errno));
	int r = child_spawn(
		&(struct child){
			.argv = PROC_WORDS("/usr/bin/runsvdir", "-P", services),
			.run = enter,
			.owner = &ground,
			.env = PROC_WORDS(
				"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
				"/usr/bin:/sbin:/bin",
				"LC_ALL=C.UTF-8"),
			.has_only_env = true,
			.dir = "/",
			.out = out,
			.err = out,
			.place = CHILD_IN_SESSION,
			.death_signal = SIGHUP,
		},
		&pid, why);
	if (r == 0)
		signals_watch(pid);
	return r;
}

/*
 * A service whose runsv was killed is our child now, and holds what the next
 * runsv's own needs: its ports, its locks. So is what a killed master has left.
 */
static void end_orphans(unsigned *n_looks)
{
	int kind = *n_looks < LOOKS ? SIGTERM : SIGKILL;

	if (tree_signal(kind, signals_watched()) > 0)
		++*n_looks;
	else
		*n_looks = 0;
}

int processes_watch(struct buf *why)
{
	unsigned n_looks = 0;

	for (;;) {
		end_orphans(&n_looks);
		enum signals_event event = signals_next(LOOK_MSEC);
		if (event == SIGNALS_STOP)
			return 0;
		if (event == SIGNALS_LOST)
			return because(why, -EIO,
				"runsvdir, which keeps the services running, "
				"has ended");
	}
}

void processes_stop(void)
{
	pid_t runsvdir = signals_watched();

	if (runsvdir > 0)
		kill(runsvdir, SIGHUP);
	if (tree_wait(STOP_KINDLY_MSEC))
		return;
	tree_signal(SIGTERM, 0);
	if (tree_wait(STOP_FIRMLY_MSEC))
		return;
	if (!tree_kill(STOP_KILL_MSEC))
		say_note("not every process could be ended");
}
