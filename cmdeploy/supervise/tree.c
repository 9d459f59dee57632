/* Signals to the children of this process, and the wait for their end. */
#include "cmdeploy/supervise/tree.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	LIST_MAX_BYTES = 1 << 20,
	ROUND_MSEC = 20,
};

void tree_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

size_t tree_signal(int signal_number, pid_t spared)
{
	AUTO_BUF struct buf list = BUF_INIT(LIST_MAX_BYTES);
	struct slice rest, word;
	uint64_t pid;
	size_t n = 0;

	if (file_read("/proc/thread-self/children", &list, NULL) < 0)
		return 0;
	rest = buf_slice(&list);
	while (slice_next_word(&rest, &word))
		if (num_parse_max(word, INT32_MAX, &pid) == 0 &&
			(pid_t)pid != spared &&
			kill((pid_t)pid, signal_number) == 0)
			n++;
	return n;
}

bool tree_wait(uint64_t msec)
{
	uint64_t end = clock_msec() + msec;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid > 0)
			continue;
		if (pid < 0 && errno == ECHILD)
			return true;
		uint64_t now = clock_msec();
		if (now >= end)
			return false;
		uint64_t left = end - now;
		const struct timespec time = {
			.tv_sec = (time_t)(left / 1000),
			.tv_nsec = (long)(left % 1000) * 1000000,
		};
		sigtimedwait(&set, NULL, &time);
	}
}

bool tree_kill(uint64_t msec)
{
	uint64_t end = clock_msec() + msec;

	do {
		tree_signal(SIGKILL, 0);
		if (tree_wait(ROUND_MSEC))
			return true;
	} while (clock_msec() < end);
	return false;
}
