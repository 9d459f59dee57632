#include "cmdeploy/testrun/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cmdeploy/testrun/child.h"
#include "lib/clock.h"
#include "lib/die.h"
#include "lib/proc.h"

enum {
	STEP_MS = 200,
	CHUNK_BYTES = 512,
	SAID_MAX_BYTES = 65536,
};

static bool is_stop_pending(void)
{
	sigset_t pending;

	sigemptyset(&pending);
	sigpending(&pending);
	return sigismember(&pending, SIGINT) ||
		sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
}

/* A line NAME=value for those who come after; others mean nothing. */
static void take_setting(struct slice line)
{
	struct slice name, value;

	if (!slice_cut(line, '=', &name, &value))
		return;
	AUTO_FREE char *name_text = slice_dup(name);
	AUTO_FREE char *value_text = slice_dup(value);
	setenv(name_text, value_text, 1);
}

/* Whether the program has said `ready`; then its settings are taken. */
static bool is_ready(const struct buf *said)
{
	struct slice rest = buf_slice(said), line;

	if (said->len == 0 || buf_str(said)[said->len - 1] != '\n')
		return false;
	while (slice_next_line(&rest, &line)) {
		if (slice_eq_str(line, "ready"))
			return true;
		take_setting(line);
	}
	return false;
}

/* Appends what it says within a moment. */
static int listen_once(int fd, struct buf *said, struct buf *why)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };
	char chunk[CHUNK_BYTES];

	if (poll(&end, 1, STEP_MS) <= 0)
		return 0;
	ssize_t n = read(fd, chunk, sizeof(chunk));
	if (n <= 0)
		return because(why, -EPIPE, "it ended before it was ready");
	buf_add(said, chunk, (size_t)n);
	if (!buf_ok(said))
		return because(why, -EMSGSIZE, "it says too much");
	return 0;
}

static int wait_ready(int fd, int limit_sec, struct buf *why)
{
	AUTO_BUF struct buf said = BUF_INIT(SAID_MAX_BYTES);
	uint64_t end = clock_msec() + (uint64_t)limit_sec * 1000;

	while (!is_ready(&said)) {
		int r = listen_once(fd, &said, why);
		if (r < 0)
			return r;
		if (is_stop_pending())
			return because(why, -EINTR, "stopped");
		if (clock_msec() > end)
			return because(why, -ETIMEDOUT, "not ready after %d s",
				limit_sec);
	}
	return 0;
}

static bool ends_in_time(pid_t pid)
{
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };

	return poll(&end, 1, GROUND_END_SEC * 1000) == 1;
}

int ground_close(struct ground *ground, struct buf *why)
{
	int status = 0;

	if (!ground->pid)
		return 0;
	close(ground->in_fd);
	bool is_late = !ends_in_time(ground->pid);
	if (is_late)
		kill(-ground->pid, SIGKILL);
	waitpid(ground->pid, &status, 0);
	*ground = (struct ground){ 0 };
	if (is_late)
		return because(
			why, -ETIMEDOUT, "no end within %d s", GROUND_END_SEC);
	if (status == 0)
		return 0;
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	proc_status_text(status, &text);
	return because(why, -EIO, "%s", buf_str(&text));
}

/* With pipes to its standard input and from its standard output. */
static int start(const struct test_case *program, struct ground *ret_ground,
	int *ret_out_fd, struct buf *why)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		die("test: pipe: %s", strerror(errno));
	struct child_command command = {
		.argv = (const char *const *)program->argv,
		.in_fd = in[0],
		.out_fd = out[1],
		.err_fd = STDOUT_FILENO,
	};
	int r = child_start(&command, &ret_ground->pid, why);
	close(in[0]);
	close(out[1]);
	if (r < 0) {
		close(in[1]);
		close(out[0]);
		return r;
	}
	ret_ground->in_fd = in[1];
	*ret_out_fd = out[0];
	return 0;
}

int ground_open(const struct test_case *program, struct ground *ret_ground,
	struct buf *why)
{
	struct ground ground = { 0 };
	AUTO_CLOSE int out_fd = -1;
	int r = start(program, &ground, &out_fd, why);

	if (r < 0)
		return r;
	r = wait_ready(out_fd, program->limit_sec, why);
	if (r == 0) {
		*ret_ground = ground;
		return 0;
	}
	/* Its own reason, if it has one, went to standard error. */
	kill(-ground.pid, SIGTERM);
	int ignored = ground_close(&ground, NULL);
	(void)ignored;
	return r;
}
