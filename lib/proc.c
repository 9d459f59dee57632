/*
 * proc.c - one program, its input, its output and its time, until its end.
 */
#include "lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/path.h"

enum {
	CHUNK_BYTES = 4096,
	LINE_MAX_BYTES = 4096,
	TAIL_MAX_BYTES = 65536,
	ASK_MSEC = 250,
};

struct pipes {
	int in[2];
	int out[2];
	int err[2];
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
}

static int pipes_make(struct pipes *p)
{
	if (pipe2(p->in, O_CLOEXEC) < 0 || pipe2(p->out, O_CLOEXEC) < 0 ||
		pipe2(p->err, O_CLOEXEC) < 0)
		return -errno;
	return 0;
}

/* One running program, as its parent sees it. */
struct run {
	const struct proc *proc;
	pid_t pid;
	int ended; /* a pidfd: readable once it has ended */
	int in;
	int out;
	int err;
	struct slice input;
	struct buf line;
	uint64_t deadline; /* msec; of clock_msec() */
	bool was_told;     /* that it is unwanted */
};

static int msec_left(const struct run *run)
{
	uint64_t now = clock_msec();

	if (run->proc->timeout_sec == 0)
		return -1;
	return run->deadline > now ? (int)(run->deadline - now) : 0;
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

/* Until it has closed its output and ended; false when time is over. */
static bool talk(struct run *run)
{
	while (run->out >= 0 || run->err >= 0 || run->ended >= 0) {
		struct pollfd fds[] = {
			{ .fd = run->in, .events = POLLOUT },
			{ .fd = run->out, .events = POLLIN },
			{ .fd = run->err, .events = POLLIN },
			{ .fd = run->ended, .events = POLLIN },
		};
		int n = poll(fds, ARRAY_LEN(fds), msec_to_wait(run));
		tell_if_unwanted(run);
		if (msec_left(run) == 0)
			return false;
		if (n <= 0)
			continue;
		if (fds[0].revents)
			give_input(run);
		if (fds[1].revents)
			take_output(run, &run->out, false);
		if (fds[2].revents)
			take_output(run, &run->err, true);
		if (fds[3].revents)
			fd_close(&run->ended);
	}
	return true;
}

static int run_to_end(struct run *run)
{
	/* A program may end without reading what we have for it. */
	sigset_t pipe_set, old;
	int status = -1;

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
	child_wait(run->pid, -1, &status);
	if (run->line.len > 0)
		run->proc->on_line(buf_slice(&run->line), run->proc->owner);
	return is_done ? status : PROC_TIMED_OUT;
}

static int start(const struct proc *proc, struct pipes *p, pid_t *ret_pid,
	struct buf *why)
{
	int r = pipes_make(p);

	if (r < 0)
		return because(why, r, "%s: cannot be started: %s",
			proc->argv[0], strerror(-r));
	r = child_spawn(
		&(struct child){
			.argv = proc->argv,
			.env = proc->env,
			.in = proc->input.len > 0 ? p->in[0] : 0,
			.out = p->out[1],
			.err = proc->err ? p->err[1] : p->out[1],
			.place = CHILD_IN_GROUP,
			.death_signal = SIGKILL,
		},
		ret_pid, why);
	fd_close(&p->in[0]);
	fd_close(&p->out[1]);
	fd_close(&p->err[1]);
	return r;
}

int proc_run(const struct proc *proc, int *ret_status, struct buf *why)
{
	__attribute__((cleanup(pipes_release))) struct pipes p = {
		.in = { -1, -1 },
		.out = { -1, -1 },
		.err = { -1, -1 },
	};
	pid_t pid = -1;
	int r = start(proc, &p, &pid, why);

	if (r < 0)
		return r;
	struct run run = {
		.proc = proc,
		.pid = pid,
		.ended = pidfd_open(pid, 0),
		.in = -1,
		.out = fd_take(&p.out[0]),
		.err = fd_take(&p.err[0]),
		.input = proc->input,
		.line = BUF_INIT(LINE_MAX_BYTES),
		.deadline = clock_msec() + proc->timeout_sec * 1000ULL,
	};
	if (proc->input.len > 0) {
		run.in = fd_take(&p.in[1]);
		fcntl(run.in, F_SETFL, O_NONBLOCK);
	}
	*ret_status = run_to_end(&run);
	fd_close(&run.ended);
	fd_close(&run.in);
	fd_close(&run.out);
	fd_close(&run.err);
	buf_release(&run.line);
	return 0;
}

int proc_attach(const char *const *argv, int *ret_status, struct buf *why)
{
	const struct child child = { .argv = argv, .in = CHILD_OURS };
	pid_t pid;
	int r = child_spawn(&child, &pid, why);

	if (r == 0)
		child_wait(pid, -1, ret_status);
	return r;
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
	return because(why, -EIO, "%s: %s%s%.*s", path_name(proc->argv[0]),
		buf_str(&ended), line.len ? ": " : "", SLICE_FMT(line));
}

void proc_status_text(int status, struct buf *out)
{
	if (status == PROC_TIMED_OUT)
		buf_add_str(out, "took too long");
	else
		child_status_text(status, out);
}
