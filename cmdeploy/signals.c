/* Being told to stop, and the end of children, as events to wait for. */
#include "cmdeploy/signals.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/util.h"

static pid_t watched_pid;

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

void signals_hold(void)
{
	struct sigaction hup = { 0 };

	sigaction(SIGHUP, NULL, &hup);
	is_hup_ignored = hup.sa_handler == SIG_IGN;
	sigset_t set = watched_signals();
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool signals_told_to_stop(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) ||
		sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
}

bool signals_unwanted(void *owner UNUSED)
{
	return signals_told_to_stop();
}

void signals_watch(pid_t pid)
{
	watched_pid = pid;
}

pid_t signals_watched(void)
{
	return watched_pid;
}

/* True when the watched one was among what has ended. */
static bool reap_children(void)
{
	bool is_over = false;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		is_over |= pid == watched_pid;
	if (is_over)
		watched_pid = 0;
	return is_over;
}

enum signals_event signals_next(int msec)
{
	sigset_t set = watched_signals();
	const struct timespec time = {
		.tv_sec = msec / 1000,
		.tv_nsec = msec % 1000 * 1000000L,
	};
	int n = msec < 0 ? sigwaitinfo(&set, NULL)
			 : sigtimedwait(&set, NULL, &time);

	if (n == SIGCHLD)
		return reap_children() ? SIGNALS_LOST : SIGNALS_NOTHING;
	return n > 0 ? SIGNALS_STOP : SIGNALS_NOTHING;
}
