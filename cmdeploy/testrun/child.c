#include "cmdeploy/testrun/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>

extern char **environ;

static void set_files(
	posix_spawn_file_actions_t *files, const struct child_command *command)
{
	posix_spawn_file_actions_init(files);
	if (command->in_fd)
		posix_spawn_file_actions_adddup2(
			files, command->in_fd, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(
			files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	/* Standard error first: it may be our standard output. */
	posix_spawn_file_actions_adddup2(files,
		command->err_fd ? command->err_fd : command->out_fd,
		STDERR_FILENO);
	posix_spawn_file_actions_adddup2(files, command->out_fd, STDOUT_FILENO);
	if (command->dir)
		posix_spawn_file_actions_addchdir_np(files, command->dir);
}

int child_start(
	const struct child_command *command, pid_t *ret_pid, struct buf *why)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	set_files(&files, command);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
			POSIX_SPAWN_SETSIGDEF);
	int r = posix_spawnp(ret_pid, command->argv[0], &files, &attr,
		(char *const *)command->argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (r != 0)
		return because(
			why, -r, "%s: %s", command->argv[0], strerror(r));
	return 0;
}
