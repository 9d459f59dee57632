#include "cmdeploy/testrun/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cmdeploy/testrun/child.h"
#include "cmdeploy/testrun/ground.h"
#include "cmdeploy/testrun/needs.h"
#include "lib/file.h"
#include "lib/proc.h"

enum {
	TAIL_MAX_BYTES = 8192,
};

struct job {
	const struct test_case *test; /* NULL: this place is free */
	pid_t pid;
	char *dir;
	int64_t start_ms;
	int64_t kill_ms; /* when the next signal is due */
	bool is_late;    /* got its SIGTERM */
};

struct runner {
	const struct runner_options *options;
	const struct test_cases *cases;
	struct runner_counts counts;
	struct job jobs[RUNNER_JOBS_MAX];
	int n_running;
	size_t next;
	unsigned met;    /* needs that are there */
	unsigned failed; /* needs that cannot be met */
	char *need_why[NEEDS_N];
	struct ground grounds[GROUNDS_MAX];
	char *ground_why[GROUNDS_MAX];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static const char *verdict(const struct runner *r, bool is_ok)
{
	if (!r->options->has_colour)
		return is_ok ? "ok  " : "FAIL";
	return is_ok ? "\033[32mok\033[0m  " : "\033[31mFAIL\033[0m";
}

static void print_passed(
	struct runner *r, const struct test_case *test, int64_t ms)
{
	r->counts.n_passed++;
	printf("%s %s  %.2f s\n", verdict(r, true), test->name,
		(double)ms / 1000);
	fflush(stdout);
}

static void print_failed(struct runner *r, const struct test_case *test,
	int64_t ms, const char *reason)
{
	r->counts.n_failed++;
	printf("%s %s  %.2f s  %s\n", verdict(r, false), test->name,
		(double)ms / 1000, reason);
	fflush(stdout);
}

/* The last RUNNER_TAIL_LINES lines of what is in the file. */
static void print_tail(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(TAIL_MAX_BYTES);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || lseek(fd, -TAIL_MAX_BYTES, SEEK_END) < -1)
		return;
	if (fd_read_all(fd, &text) < 0)
		return;
	struct slice rest = slice_trim(buf_slice(&text)), line;
	size_t n_lines = 1;
	for (size_t i = 0; i < rest.len; i++)
		n_lines += rest.ptr[i] == '\n';
	for (; slice_next_line(&rest, &line); n_lines--)
		if (n_lines <= RUNNER_TAIL_LINES)
			printf("     | %.*s\n", SLICE_FMT(line));
}

static void show_output(const char *dir)
{
	AUTO_FREE char *output = xasprintf("%s/output", dir);

	print_tail(output);
	printf("     kept: %s\n", dir);
	fflush(stdout);
}

static void add_reason(struct buf *reason, const struct runner *r,
	const struct job *job, int status)
{
	if (job->is_late && r->counts.was_stopped)
		buf_add_str(reason, "stopped, ");
	else if (job->is_late)
		buf_addf(reason, "no end after %d s, ", job->test->limit_sec);
	proc_status_text(status, reason);
}

static void job_end(struct runner *r, struct job *job, int status)
{
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	int64_t ms = now_ms() - job->start_ms;

	if (status == 0 && !job->is_late) {
		print_passed(r, job->test, ms);
		dir_remove(job->dir);
	} else {
		add_reason(&reason, r, job, status);
		print_failed(r, job->test, ms, buf_str(&reason));
		show_output(job->dir);
	}
	free(job->dir);
	*job = (struct job){ 0 };
	r->n_running--;
}

/*
 * Ends are taken in two steps: while the leader is a zombie its number
 * cannot mean another group.
 */
static void reap(struct runner *r, struct job *job)
{
	siginfo_t info = { 0 };
	int status;

	if (waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOHANG | WNOWAIT))
		return;
	if (info.si_pid != job->pid)
		return;
	kill(-job->pid, SIGKILL);
	if (waitpid(job->pid, &status, 0) == job->pid)
		job_end(r, job, status);
}

/* Short, since the paths of sockets below it are bounded. */
static char *make_dir(struct buf *why)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = xasprintf(
		"%s/chatmail-test-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");

	/* Daemons that the test starts as other users pass through. */
	if (mkdtemp(dir) && chmod(dir, 0755) == 0)
		return dir;
	because(why, -errno, "%s: %s", dir, strerror(errno));
	free(dir);
	return NULL;
}

static int job_spawn(struct job *job, struct buf *why)
{
	AUTO_FREE char *output = xasprintf("%s/output", job->dir);
	AUTO_CLOSE int fd =
		open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct child_command command = {
		.argv = (const char *const *)job->test->argv,
		.dir = job->dir,
		.out_fd = fd,
	};

	if (fd < 0)
		return because(why, -errno, "%s: %s", output, strerror(errno));
	setenv("TEST_DIR", job->dir, 1);
	return child_start(&command, &job->pid, why);
}

static struct job *free_job(struct runner *r)
{
	for (int i = 0; i < r->options->jobs; i++)
		if (!r->jobs[i].test)
			return &r->jobs[i];
	return NULL;
}

static void job_start(struct runner *r, const struct test_case *test)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct job *job = free_job(r);

	job->dir = make_dir(&why);
	job->test = test;
	job->start_ms = now_ms();
	job->kill_ms = job->start_ms + test->limit_sec * 1000;
	if (job->dir && job_spawn(job, &why) == 0) {
		r->n_running++;
		return;
	}
	print_failed(r, test, 0, buf_str(&why));
	free(job->dir);
	*job = (struct job){ 0 };
}

static bool meet(struct runner *r, int bit)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	unsigned need = 1U << bit;

	if (r->met & need)
		return true;
	if (!(r->failed & need)) {
		if (need_meet(need, r->options->build, &why) == 0) {
			r->met |= need;
			return true;
		}
		r->failed |= need;
		r->need_why[bit] = buf_take(&why);
	}
	return false;
}

/* NULL when all the needs of the test are there. */
static const char *missing_need(struct runner *r, const struct test_case *test)
{
	for (int i = 0; i < NEEDS_N; i++)
		if (test->needs & (1U << i) && !meet(r, i))
			return r->need_why[i];
	return NULL;
}

/* NULL when what the test stands on is there. */
static const char *missing_ground(
	struct runner *r, const struct test_case *test)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int i = test_cases_ground(r->cases, test);

	if (i < 0 || r->grounds[i].pid)
		return NULL;
	const struct test_case *program = &r->cases->grounds[i];
	if (!r->ground_why[i]) {
		const char *missing = missing_need(r, program);
		if (missing)
			return missing;
		if (ground_open(program, &r->grounds[i], &why) == 0)
			return NULL;
		r->ground_why[i] =
			xasprintf("%s: %s", program->name, buf_str(&why));
	}
	return r->ground_why[i];
}

/* What holds the ground fails as a test does. */
static void close_grounds(struct runner *r)
{
	for (size_t i = 0; i < r->cases->n_grounds; i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		int64_t start = now_ms();
		if (ground_close(&r->grounds[i], &why) < 0)
			print_failed(r, &r->cases->grounds[i], now_ms() - start,
				buf_str(&why));
		free(r->ground_why[i]);
	}
}

/* Asked twice, it is not less patient: relays are being taken down. */
static void stop_all(struct runner *r)
{
	r->counts.was_stopped = true;
	r->next = r->cases->n;
	for (int i = 0; i < r->options->jobs; i++)
		if (r->jobs[i].test && !r->jobs[i].is_late)
			r->jobs[i].kill_ms = now_ms();
}

/* Bringing in what a test needs takes long enough to be stopped meanwhile. */
static void take_stop(struct runner *r)
{
	static const struct timespec at_once = { 0 };
	sigset_t stops;

	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGHUP);
	if (sigtimedwait(&stops, NULL, &at_once) > 0)
		stop_all(r);
}

/* What cannot be met fails the tests that need it, in their turn. */
static void meet_all(struct runner *r)
{
	unsigned all = 0;

	for (size_t i = 0; i < r->cases->n; i++)
		all |= r->cases->v[i].needs;
	for (int i = 0; i < NEEDS_N && !r->counts.was_stopped; i++) {
		if (all & (1U << i))
			meet(r, i);
		take_stop(r);
	}
}

static void start_next(struct runner *r)
{
	const struct test_case *test = &r->cases->v[r->next++];
	const char *missing = missing_need(r, test);

	if (!missing)
		missing = missing_ground(r, test);
	take_stop(r);
	if (missing)
		print_failed(r, test, 0, missing);
	else if (!r->counts.was_stopped)
		job_start(r, test);
}

static void start_jobs(struct runner *r)
{
	while (r->n_running < r->options->jobs && r->next < r->cases->n)
		start_next(r);
}

static void signal_late(struct job *job)
{
	if (!job->test || now_ms() < job->kill_ms)
		return;
	kill(-job->pid, job->is_late ? SIGKILL : SIGTERM);
	job->is_late = true;
	job->kill_ms = now_ms() + RUNNER_GRACE_SEC * 1000;
}

static int64_t next_due_ms(const struct runner *r)
{
	int64_t due = INT64_MAX;

	for (int i = 0; i < r->options->jobs; i++)
		if (r->jobs[i].test && r->jobs[i].kill_ms < due)
			due = r->jobs[i].kill_ms;
	return due;
}

/* Sleeps until a child ends, somebody stops us, or a limit is reached. */
static void wait_something(struct runner *r, const sigset_t *signals)
{
	int64_t left = next_due_ms(r) - now_ms();
	struct timespec limit = { 0 };

	if (left > 0) {
		limit.tv_sec = left / 1000;
		limit.tv_nsec = left % 1000 * 1000000;
	}
	int sig = sigtimedwait(signals, NULL, &limit);
	if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP)
		stop_all(r);
	for (int i = 0; i < r->options->jobs; i++) {
		if (r->jobs[i].test)
			reap(r, &r->jobs[i]);
		signal_late(&r->jobs[i]);
	}
}

static int block_signals(
	sigset_t *ret_set, sigset_t *ret_before, struct buf *why)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGCHLD);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, ret_set, ret_before) < 0)
		return because(why, -errno, "sigprocmask: %s", strerror(errno));
	return 0;
}

int runner_run(const struct runner_options *options,
	const struct test_cases *cases, struct runner_counts *ret_counts,
	struct buf *why)
{
	struct runner r = { .options = options, .cases = cases };
	sigset_t signals, before;
	int error = block_signals(&signals, &before, why);

	if (error < 0)
		return error;
	meet_all(&r);
	for (start_jobs(&r); r.n_running > 0; start_jobs(&r))
		wait_something(&r, &signals);
	close_grounds(&r);
	sigprocmask(SIG_SETMASK, &before, NULL);
	for (int i = 0; i < NEEDS_N; i++)
		free(r.need_why[i]);
	*ret_counts = r.counts;
	return 0;
}
