/* child.c - fork, what lies between it and exec, and waiting. */
#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/file.h"

enum {
	EXIT_NOT_STARTED = 127,
};

static void set_env(const struct child *child)
{
	if (child->has_only_env)
		clearenv();
	for (const char *const *env = child->env; env && *env; env++) {
		struct slice name, value;
		if (!slice_cut(slice_of(*env), '=', &name, &value))
			continue;
		AUTO_FREE char *copy = slice_dup(name);
		setenv(copy, value.ptr, 1);
	}
}

/* Signals that we block or ignore have their usual effect again. */
static void reset_signals(void)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard error first: it may be given our standard output. */
static int set_streams(const struct child *child)
{
	int in =
		child->in ? child->in : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if ((child->err && dup2(child->err, STDERR_FILENO) < 0) ||
		(child->out && dup2(child->out, STDOUT_FILENO) < 0) ||
		(child->in != CHILD_OURS && dup2(in, STDIN_FILENO) < 0))
		return -errno;
	return 0;
}

static int set_place(const struct child *child, pid_t parent)
{
	if (child->place == CHILD_IN_GROUP)
		setpgid(0, 0);
	if (child->place == CHILD_IN_SESSION)
		setsid();
	if (child->death_signal)
		prctl(PR_SET_PDEATHSIG, child->death_signal);
	if (child->death_signal && getppid() != parent)
		return -ESRCH;
	if (child->dir && chdir(child->dir) < 0)
		return -errno;
	return set_streams(child);
}

/* In the child: the negative errno with which nothing was started. */
static int become(const struct child *child, pid_t parent)
{
	int r = set_place(child, parent);

	if (r == 0 && child->run)
		r = child->run(child->owner);
	if (r != 0 || !child->argv)
		return r;
	set_env(child);
	reset_signals();
	execvp(child->argv[0], (char *const *)(void *)child->argv);
	return -errno;
}

static void NORETURN child_main(
	const struct child *child, pid_t parent, int fail_fd)
{
	/* Without a program there is nothing that the parent waits for. */
	if (!child->argv)
		close(fail_fd);
	int r = become(child, parent);
	if (!child->argv)
		_exit(r < 0 ? EXIT_FAILURE : r);
	ssize_t ignored = write(fail_fd, &r, sizeof(r));
	(void)ignored;
	_exit(EXIT_NOT_STARTED);
}

/* 0, or the negative errno that came instead of a started program. */
static int read_failure(int fd)
{
	int failure = 0;

	while (read(fd, &failure, sizeof(failure)) < 0)
		if (errno != EINTR)
			break;
	return failure;
}

static int spawn(const struct child *child, pid_t *ret_pid)
{
	pid_t parent = getpid();
	int fail[2];

	if (pipe2(fail, O_CLOEXEC) < 0)
		return -errno;
	AUTO_CLOSE int fail_in = fail[0];
	pid_t pid = fork();
	if (pid == 0)
		child_main(child, parent, fail[1]);
	int r = pid < 0 ? -errno : 0;
	close(fail[1]);
	if (r < 0)
		return r;
	/* Said on both sides, so that it is true for both from now on. */
	if (child->place == CHILD_IN_GROUP)
		setpgid(pid, pid);
	r = read_failure(fail_in);
	if (r < 0) {
		child_wait(pid, -1, NULL);
		return r;
	}
	*ret_pid = pid;
	return 0;
}

int child_spawn(const struct child *child, pid_t *ret_pid, struct buf *why)
{
	int r = spawn(child, ret_pid);

	if (r < 0)
		return because(why, r, "%s: cannot be started: %s",
			child->argv ? child->argv[0] : "child process",
			strerror(-r));
	return 0;
}

static int reap(pid_t pid, int *ret_status)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (ret_status)
		*ret_status = status;
	return 1;
}

int child_wait(pid_t pid, int msec, int *ret_status)
{
	if (msec < 0)
		return reap(pid, ret_status);
	AUTO_CLOSE int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t until = clock_msec() + (uint64_t)msec;
	uint64_t now;
	if (fd < 0)
		return errno == ESRCH ? -ECHILD : -errno;
	do {
		now = clock_msec();
		if (poll(&p, 1, until > now ? (int)(until - now) : 0) > 0)
			return reap(pid, ret_status);
	} while (now < until);
	return 0;
}

int child_end(pid_t pid, int msec)
{
	int status = 0;

	kill(pid, SIGTERM);
	if (child_wait(pid, msec, &status) != 0)
		return status;
	kill(pid, SIGKILL);
	child_wait(pid, -1, &status);
	return status;
}

struct task_call {
	int (*run)(void *owner, struct buf *why);
	void *owner;
	int fd;
};

/* Its result is a line with the number, and the reason after it. */
static int run_task(void *owner)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf result = BUF_INIT(2 * BUF_WHY_MAX_BYTES);
	const struct task_call *call = owner;
	int r = call->run(call->owner, &why);

	buf_addf(&result, "%d\n%s", r, buf_str(&why));
	return fd_write_all(call->fd, buf_slice(&result)) < 0;
}

int child_task_begin(int (*run)(void *owner, struct buf *why), void *owner,
	struct child_task *ret_task, struct buf *why)
{
	struct child_task task;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return because(why, -errno, "pipe: %s", strerror(errno));
	task.fd = ends[0];
	struct task_call call = { run, owner, ends[1] };
	int r = child_spawn(&(struct child){ .run = run_task,
				    .owner = &call,
				    .in = CHILD_OURS,
				    .death_signal = SIGTERM },
		&task.pid, why);
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	else
		*ret_task = task;
	return r;
}

int child_task_end(struct child_task *task, struct buf *why)
{
	AUTO_BUF struct buf result = BUF_INIT(2 * BUF_WHY_MAX_BYTES);
	struct slice number, reason;
	int r = fd_read_all(task->fd, &result);

	close(task->fd);
	/* Somebody else may have waited for it by now. */
	child_wait(task->pid, -1, NULL);
	*task = (struct child_task){ 0 };
	if (r < 0 || !slice_cut(buf_slice(&result), '\n', &number, &reason))
		return because(why, -EIO, "the child process ended early");
	if (slice_eq_str(number, "0"))
		return 0;
	return because(why, -EIO, "%.*s", SLICE_FMT(reason));
}

void child_status_text(int status, struct buf *out)
{
	const char *name;

	if (!WIFSIGNALED(status)) {
		buf_addf(out, "exit status %d", WEXITSTATUS(status));
		return;
	}
	name = sigabbrev_np(WTERMSIG(status));
	if (name)
		buf_addf(out, "killed by SIG%s", name);
	else
		buf_addf(out, "killed by signal %d", WTERMSIG(status));
}
