#include "lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"

enum {
	CHUNK_BYTES = 4096,
	LINE_MAX_BYTES = 4096,
	TAIL_MAX_BYTES = 65536,
	EXIT_NOT_STARTED = 127,
	ASK_MSEC = 250,
};

struct pipes {
	int in[2];
	int out[2];
	int err[2];
	int fail[2]; /* the errno of a failed exec */
};

static int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static void pair_close(int pair[2])
{
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void pipes_release(struct pipes *p)
{
	pair_close(p->in);
	pair_close(p->out);
	pair_close(p->err);
	pair_close(p->fail);
}

static int pipes_make(struct pipes *p)
{
	if (pipe2(p->in, O_CLOEXEC) < 0 || pipe2(p->out, O_CLOEXEC) < 0 ||
		pipe2(p->err, O_CLOEXEC) < 0 || pipe2(p->fail, O_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static void child_env(const char *const *env)
{
	for (; env && *env; env++) {
		struct slice name, value;
		if (!slice_cut(slice_of(*env), '=', &name, &value))
			continue;
		AUTO_FREE char *copy = slice_dup(name);
		setenv(copy, value.ptr, 1);
	}
}

static void child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigaction(SIGPIPE, &usual, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void NORETURN child_run(
	const struct proc *proc, struct pipes *p, pid_t parent)
{
	int in = p->in[0];

	setpgid(0, 0);
	child_signals();
	if (getppid() != parent)
		_exit(EXIT_NOT_STARTED);
	child_env(proc->env);
	if (proc->input.len == 0)
		in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(in, STDIN_FILENO);
	dup2(p->out[1], STDOUT_FILENO);
	dup2(proc->err ? p->err[1] : p->out[1], STDERR_FILENO);
	execvp(proc->argv[0], (char *const *)(void *)proc->argv);
	int error = errno;
	ssize_t ignored = write(p->fail[1], &error, sizeof(error));
	(void)ignored;
	_exit(EXIT_NOT_STARTED);
}

/* One running program, as its parent sees it. */
struct run {
	const struct proc *proc;
	pid_t pid;
	int in;
	int out;
	int err;
	struct slice input;
	struct buf line;
	struct timespec deadline;
	bool was_told; /* that it is unwanted */
};

static int msec_left(const struct run *run)
{
	struct timespec now;

	if (run->proc->timeout_sec == 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t left = (run->deadline.tv_sec - now.tv_sec) * 1000 +
		(run->deadline.tv_nsec - now.tv_nsec) / 1000000;
	return left > 0 ? (int)left : 0;
}

static void lines_add(struct run *run, struct slice bytes)
{
	struct slice line;

	if (!run->proc->on_line)
		return;
	while (slice_cut(bytes, '\n', &line, &bytes)) {
		buf_add_slice(&run->line, line);
		run->proc->on_line(buf_slice(&run->line), run->proc->owner);
		buf_reset(&run->line);
	}
	buf_add_slice(&run->line, bytes);
}

/* As much as still fits. */
static void keep(struct buf *out, struct slice bytes)
{
	if (out)
		buf_add_slice(out, slice_head(bytes, out->max - out->len));
}

static void take_output(struct run *run, int *fd, bool is_err)
{
	char chunk[CHUNK_BYTES];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		fd_close(fd);
		return;
	}
	struct slice bytes = slice_make(chunk, (size_t)n);
	keep(is_err ? run->proc->err : run->proc->out, bytes);
	if (!is_err)
		lines_add(run, bytes);
}

static void give_input(struct run *run)
{
	ssize_t n = write(run->in, run->input.ptr, run->input.len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		run->input = slice_from(run->input, (size_t)n);
	if (n < 0 || run->input.len == 0)
		fd_close(&run->in);
}

static int msec_to_wait(const struct run *run)
{
	int left = msec_left(run);
	bool will_ask = run->proc->is_unwanted && !run->was_told;

	return will_ask && (left < 0 || left > ASK_MSEC) ? ASK_MSEC : left;
}

static void tell_if_unwanted(struct run *run)
{
	const struct proc *proc = run->proc;

	if (run->was_told || !proc->is_unwanted ||
		!proc->is_unwanted(proc->owner))
		return;
	run->was_told = true;
	kill(run->pid, SIGINT);
}

/* Until it has closed its output; false when time is over. */
static bool talk(struct run *run)
{
	while (run->out >= 0 || run->err >= 0) {
		struct pollfd fds[] = {
			{ .fd = run->in, .events = POLLOUT },
			{ .fd = run->out, .events = POLLIN },
			{ .fd = run->err, .events = POLLIN },
		};
		int n = poll(fds, ARRAY_LEN(fds), msec_to_wait(run));
		tell_if_unwanted(run);
		if (n == 0 && msec_left(run) == 0)
			return false;
		if (n <= 0)
			continue;
		if (fds[0].revents)
			give_input(run);
		if (fds[1].revents)
			take_output(run, &run->out, false);
		if (fds[2].revents)
			take_output(run, &run->err, true);
	}
	return true;
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* 0, or the errno with which the program could not be started. */
static int exec_error(int fd)
{
	int error = 0;

	while (read(fd, &error, sizeof(error)) < 0)
		if (errno != EINTR)
			break;
	return error;
}

static int run_to_end(struct run *run)
{
	/* A program may end without reading what we have for it. */
	sigset_t pipe_set, old;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_set, &old);
	bool is_done = talk(run);
	const struct timespec at_once = { 0 };
	while (sigtimedwait(&pipe_set, NULL, &at_once) > 0)
		;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (!is_done)
		kill(-run->pid, SIGKILL);
	int status = reap(run->pid);
	if (run->line.len > 0)
		run->proc->on_line(buf_slice(&run->line), run->proc->owner);
	return is_done ? status : PROC_TIMED_OUT;
}

static int start(const struct proc *proc, struct pipes *p, pid_t *ret_pid)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		child_run(proc, p, parent);
	setpgid(pid, pid);
	fd_close(&p->in[0]);
	fd_close(&p->out[1]);
	fd_close(&p->err[1]);
	fd_close(&p->fail[1]);
	int error = exec_error(p->fail[0]);
	if (error) {
		reap(pid);
		return -error;
	}
	*ret_pid = pid;
	return 0;
}

int proc_run(const struct proc *proc, int *ret_status, struct buf *why)
{
	__attribute__((cleanup(pipes_release))) struct pipes p = {
		.in = { -1, -1 },
		.out = { -1, -1 },
		.err = { -1, -1 },
		.fail = { -1, -1 },
	};
	pid_t pid = -1;
	int r = pipes_make(&p);

	if (r == 0)
		r = start(proc, &p, &pid);
	if (r < 0)
		return because(why, r, "%s: cannot be started: %s",
			proc->argv[0], strerror(-r));
	struct run run = {
		.proc = proc,
		.pid = pid,
		.in = -1,
		.out = fd_take(&p.out[0]),
		.err = fd_take(&p.err[0]),
		.input = proc->input,
		.line = BUF_INIT(LINE_MAX_BYTES),
	};
	if (proc->input.len > 0) {
		run.in = fd_take(&p.in[1]);
		fcntl(run.in, F_SETFL, O_NONBLOCK);
	}
	clock_gettime(CLOCK_MONOTONIC, &run.deadline);
	run.deadline.tv_sec += proc->timeout_sec;
	*ret_status = run_to_end(&run);
	fd_close(&run.in);
	fd_close(&run.out);
	fd_close(&run.err);
	buf_release(&run.line);
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int proc_run_ok(const struct proc *proc, struct buf *why)
{
	AUTO_BUF struct buf said = BUF_INIT(TAIL_MAX_BYTES);
	AUTO_BUF struct buf ended = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct proc with = *proc;
	int status;

	if (!with.err)
		with.err = &said;
	int r = proc_run(&with, &status, why);
	if (r < 0 || status == 0)
		return r;
	proc_status_text(status, &ended);
	struct slice line = slice_last_line(buf_slice(with.err));
	if (line.len == 0 && with.out)
		line = slice_last_line(buf_slice(with.out));
	return because(why, -EIO, "%s: %s%s%.*s", base_name(proc->argv[0]),
		buf_str(&ended), line.len ? ": " : "", SLICE_FMT(line));
}

void proc_status_text(int status, struct buf *out)
{
	if (status == PROC_TIMED_OUT) {
		buf_add_str(out, "took too long");
	} else if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));
		if (name)
			buf_addf(out, "killed by SIG%s", name);
		else
			buf_addf(out, "killed by signal %d", WTERMSIG(status));
	} else {
		buf_addf(out, "exit status %d", WEXITSTATUS(status));
	}
}
