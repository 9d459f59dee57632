#include "lib/proc.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

/* Signals that we have blocked or do not mind are the program's again. */
static void usual_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(attr);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int proc_attach(const char *const *argv, int *ret_status, struct buf *why)
{
	posix_spawnattr_t attr;
	pid_t pid;

	usual_signals(&attr);
	int error = posix_spawnp(&pid, argv[0], NULL, &attr,
		(char *const *)(void *)argv, environ);
	posix_spawnattr_destroy(&attr);
	if (error)
		return because(why, -error, "%s: cannot be started: %s",
			argv[0], strerror(error));
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return because(why, -errno, "%s: %s", argv[0],
				strerror(errno));
	return 0;
}
