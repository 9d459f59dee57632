#include "cmdeploy/relay/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "cmdeploy/relay/space.h"
#include "cmdeploy/supervise/tree.h"

enum {
	/* Of the 5 seconds to stop in. */
	STOP_KINDLY_MSEC = 3500,
	STOP_FIRMLY_MSEC = 500,
	STOP_KILL_MSEC = 900,
};

static pid_t runsvdir_pid;

/* Started by nohup(1): the end of the terminal is not ours. */
static bool is_hup_ignored;

static sigset_t watched_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	if (!is_hup_ignored)
		sigaddset(&set, SIGHUP);
	return set;
}

void run_prepare(void)
{
	struct sigaction hup = { 0 };

	sigaction(SIGHUP, NULL, &hup);
	is_hup_ignored = hup.sa_handler == SIG_IGN;
	sigset_t set = watched_signals();
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tree_adopt();
}

bool run_is_told_to_stop(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) ||
		sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
}

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
static void NORETURN child_run(const struct relay *relay, pid_t parent)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *barrier = space_barrier(relay->dir);
	AUTO_FREE char *services = relay_path(relay, "service");
	AUTO_FREE char *log = relay_path(relay, "log/runsvdir.log");

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGHUP);
	if (getppid() != parent)
		_exit(127);
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (in < 0 || out < 0)
		child_fail(log, strerror(errno));
	if (barrier && space_enter(relay->dir, barrier, &why) < 0)
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

int run_start(const struct relay *relay, struct buf *why)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return because(why, -errno, "fork: %s", strerror(errno));
	if (pid == 0)
		child_run(relay, parent);
	runsvdir_pid = pid;
	return 0;
}

/* Reaps what has ended; true when runsvdir was among it. */
static bool reap_children(void)
{
	bool is_over = false;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		is_over |= pid == runsvdir_pid;
	if (is_over)
		runsvdir_pid = 0;
	return is_over;
}

enum run_event run_next_event(int msec)
{
	sigset_t set = watched_signals();
	const struct timespec time = {
		.tv_sec = msec / 1000,
		.tv_nsec = msec % 1000 * 1000000L,
	};
	int n = msec < 0 ? sigwaitinfo(&set, NULL)
			 : sigtimedwait(&set, NULL, &time);

	if (n == SIGCHLD)
		return reap_children() ? RUN_LOST : RUN_NOTHING;
	return n > 0 ? RUN_TOLD_TO_STOP : RUN_NOTHING;
}

int run_watch(struct buf *why)
{
	for (;;) {
		enum run_event event = run_next_event(-1);
		if (event == RUN_TOLD_TO_STOP)
			return 0;
		if (event == RUN_LOST)
			return because(why, -EIO,
				"runsvdir, which keeps the services running, "
				"has ended");
	}
}

void run_stop(void)
{
	if (runsvdir_pid > 0)
		kill(runsvdir_pid, SIGHUP);
	if (tree_wait(STOP_KINDLY_MSEC))
		return;
	tree_signal(SIGTERM);
	if (tree_wait(STOP_FIRMLY_MSEC))
		return;
	/* What is forked meanwhile is found by the next round. */
	for (int i = 0; i < 3; i++) {
		tree_signal(SIGKILL);
		if (tree_wait(STOP_KILL_MSEC / 3))
			return;
	}
}
