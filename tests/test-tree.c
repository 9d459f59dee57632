/* Ends all that descends from this process, whatever it does. */
#include "cmdeploy/supervise/tree.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test.h"

enum {
	DEPTH = 12,
	LONG_SEC = 600,
	SHORT_MSEC = 50,
	KILL_MSEC = 5000,
};

/* Sessions of their own, one below the other, that mind no signal. */
static void NORETURN dig(int ready, int depth)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	setsid();
	sigaction(SIGTERM, &ignore, NULL);
	if (depth == 0 && write(ready, "!", 1) != 1)
		_exit(1);
	if (depth > 0 && fork() == 0)
		dig(ready, depth - 1);
	for (;;)
		sleep(LONG_SEC);
}

int main(void)
{
	int ends[2];
	char byte;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tree_adopt();
	check_int("pipe", pipe(ends), 0);
	if (fork() == 0)
		dig(ends[1], DEPTH);
	close(ends[1]);
	check_int("ready", read(ends[0], &byte, 1), 1);
	check("they live", !tree_wait(SHORT_MSEC));
	tree_signal(SIGTERM, 0);
	check("and ignore", !tree_wait(SHORT_MSEC));
	check("killed", tree_kill(KILL_MSEC));
	/* Nobody holds the pipe any more. */
	check_int("all of them", read(ends[0], &byte, 1), 0);
	check_int("no child", waitpid(-1, NULL, WNOHANG), -1);
	return test_end();
}
