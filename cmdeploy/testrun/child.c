#include "cmdeploy/testrun/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/file.h"

extern char **environ;

static void set_files(
	posix_spawn_file_actions_t *files, const struct child_command *command)
{
	posix_spawn_file_actions_init(files);
	posix_spawn_file_actions_addopen(
		files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(files, command->out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(files, command->out_fd, STDERR_FILENO);
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

void child_add_status(struct buf *out, int status)
{
	if (WIFSIGNALED(status))
		buf_addf(out, "killed by signal %d", WTERMSIG(status));
	else
		buf_addf(out, "exit status %d", WEXITSTATUS(status));
}

static int wait_success(const char *name, pid_t pid, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return because(why, -errno, "%s: waitpid: %s", name,
				strerror(errno));
	if (status == 0)
		return 0;
	child_add_status(&text, status);
	return because(why, -ECHILD, "%s: %s", name, buf_str(&text));
}

int child_read(const char *const *argv, struct buf *out, struct buf *why)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return because(why, -errno, "pipe: %s", strerror(errno));
	AUTO_CLOSE int from = ends[0];
	AUTO_CLOSE int to = ends[1];
	struct child_command command = { .argv = argv, .out_fd = to };
	int r = child_start(&command, &pid, why);
	if (r < 0)
		return r;
	fd_close(&to);
	int read_error = fd_read_all(from, out);
	fd_close(&from);
	r = wait_success(argv[0], pid, why);
	if (r == 0 && read_error < 0)
		return because(why, read_error, "%s: %s", argv[0],
			strerror(-read_error));
	return r;
}

int child_run(const char *const *argv, const char *log_path, struct buf *why)
{
	AUTO_CLOSE int fd =
		open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct child_command command = { .argv = argv, .out_fd = fd };
	pid_t pid;

	if (fd < 0)
		return because(
			why, -errno, "%s: %s", log_path, strerror(errno));
	int r = child_start(&command, &pid, why);
	return r < 0 ? r : wait_success(argv[0], pid, why);
}
