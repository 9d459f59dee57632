/* The processes of a relay in a folder. */
#include "cmdeploy/folder/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cmdeploy/folder/namespace.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "cmdeploy/supervise/tree.h"

enum {
	/* Of the 5 seconds to stop in. */
	STOP_KINDLY_MSEC = 3500,
	STOP_FIRMLY_MSEC = 500,
	STOP_KILL_MSEC = 900,
};

static void NORETURN child_fail(const char *what, const char *why)
{
	fprintf(stderr, "cmdeploy: %s: %s\n", what, why);
	_exit(127);
}

static void reset_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGPIPE, SIGCHLD };
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * A session of its own, so that the terminal's Ctrl-C does not reach the
 * services; and a HUP, on which runsvdir ends them all, when we are
 * killed.
 */
static void NORETURN child_run(const char *dir, pid_t parent)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *barrier = namespace_barrier(dir);
	AUTO_FREE char *services = xasprintf("%s/service", dir);
	AUTO_FREE char *log = xasprintf("%s/log/runsvdir.log", dir);

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGHUP);
	if (getppid() != parent)
		_exit(127);
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (in < 0 || out < 0)
		child_fail(log, strerror(errno));
	if (barrier && namespace_enter(dir, barrier, &why) < 0)
		child_fail("cannot cover a folder", buf_str(&why));
	if (chdir("/") < 0)
		child_fail("/", strerror(errno));
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	umask(022);
	reset_signals();
	/* Nothing of the caller's surroundings reaches the services. */
	char *const env[] = { (char *)(uintptr_t) "PATH=/usr/local/sbin:"
						  "/usr/local/bin:/usr/sbin:"
						  "/usr/bin:/sbin:/bin",
		(char *)(uintptr_t) "LC_ALL=C.UTF-8", NULL };
	execle("/usr/bin/runsvdir", "runsvdir", "-P", services, (char *)NULL,
		env);
	child_fail("/usr/bin/runsvdir", strerror(errno));
}

void processes_prepare(void)
{
	signals_hold();
	tree_adopt();
}

int processes_start(const char *dir, struct buf *why)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return because(why, -errno, "fork: %s", strerror(errno));
	if (pid == 0)
		child_run(dir, parent);
	signals_watch(pid);
	return 0;
}

int processes_watch(struct buf *why)
{
	for (;;) {
		enum signals_event event = signals_next(-1);
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
	tree_signal(SIGTERM);
	if (tree_wait(STOP_FIRMLY_MSEC))
		return;
	if (!tree_kill(STOP_KILL_MSEC))
		say_note("not every process could be ended");
}
