#include "cmdeploy/relay/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "cmdeploy/relay/ports.h"
#include "cmdeploy/relay/space.h"
#include "cmdeploy/say.h"
#include "cmdeploy/supervise/runit.h"
#include "cmdeploy/supervise/tree.h"

enum {
	READY_SEC = 30,
	ROUND_MSEC = 25,
	STARTS_MAX = 3, /* as many, and it will not come up */
	LOG_LINES = 8,
	/* Of the 5 seconds to stop in. */
	STOP_KINDLY_MSEC = 3500,
	STOP_FIRMLY_MSEC = 500,
	STOP_KILL_MSEC = 900,
	RESTART_MSEC = 7000,
	REMOVE_FDS = 8,
};

static pid_t runsvdir_pid;

/* Started by nohup(1): the end of the terminal is not ours. */
static bool is_hup_ignored;

static sigset_t watched_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	if (!is_hup_ignored)
		sigaddset(&set, SIGHUP);
	return set;
}

void run_prepare(void)
{
	struct sigaction hup = { 0 };

	sigaction(SIGHUP, NULL, &hup);
	is_hup_ignored = hup.sa_handler == SIG_IGN;
	sigset_t set = watched_signals();
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tree_adopt();
}

static uint64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The next signal that came, or 0 after that time; negative: for ever. */
static int next_signal(int msec)
{
	sigset_t set = watched_signals();
	const struct timespec time = {
		.tv_sec = msec / 1000,
		.tv_nsec = msec % 1000 * 1000000L,
	};
	int n = msec < 0 ? sigwaitinfo(&set, NULL)
			 : sigtimedwait(&set, NULL, &time);

	return n < 0 ? 0 : n;
}

static void NORETURN child_fail(const char *what, const char *why)
{
	fprintf(stderr, "cmdeploy: %s: %s\n", what, why);
	_exit(127);
}

static void reset_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGPIPE, SIGCHLD };
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * A session of its own, so that the terminal's Ctrl-C does not reach the
 * services; and a HUP, on which runsvdir ends them all, when we are
 * killed.
 */
static void NORETURN child_run(const struct relay *relay, pid_t parent)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *barrier = space_barrier(relay->dir);
	AUTO_FREE char *services = relay_path(relay, "service");
	AUTO_FREE char *log = relay_path(relay, "log/runsvdir.log");

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGHUP);
	if (getppid() != parent)
		_exit(127);
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (in < 0 || out < 0)
		child_fail(log, strerror(errno));
	if (barrier && space_enter(relay->dir, barrier, &why) < 0)
		child_fail("cannot cover a folder", buf_str(&why));
	if (chdir("/") < 0)
		child_fail("/", strerror(errno));
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	umask(022);
	reset_signals();
	/* Nothing of the caller's surroundings reaches the services. */
	char *const env[] = { (char *)(uintptr_t) "PATH=/usr/local/sbin:"
						  "/usr/local/bin:/usr/sbin:"
						  "/usr/bin:/sbin:/bin",
		(char *)(uintptr_t) "LC_ALL=C.UTF-8", NULL };
	execle("/usr/bin/runsvdir", "runsvdir", "-P", services, (char *)NULL,
		env);
	child_fail("/usr/bin/runsvdir", strerror(errno));
}

int run_start(const struct relay *relay, struct buf *why)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return because(why, -errno, "fork: %s", strerror(errno));
	if (pid == 0)
		child_run(relay, parent);
	runsvdir_pid = pid;
	return 0;
}

/* Reaps what has ended; true when runsvdir was among it. */
static bool reap_children(void)
{
	bool is_over = false;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		is_over |= pid == runsvdir_pid;
	if (is_over)
		runsvdir_pid = 0;
	return is_over;
}

/* How often a service was seen with another process. */
struct starts {
	pid_t pid;
	int n;
};

struct waiting {
	const struct relay *relay;
	struct relay_ports ports;
	struct starts *starts; /* one a port, of its service */
	bool *is_up;
	size_t n_left;
};

static void tell_log(
	const struct relay *relay, const char *service, struct buf *why)
{
	AUTO_FREE char *text = xasprintf("log/%s", service);
	AUTO_FREE char *dir = relay_path(relay, text);
	AUTO_BUF struct buf lines = BUF_INIT(BUF_WHY_MAX_BYTES / 2);

	runit_log_tail(dir, LOG_LINES, &lines);
	if (lines.len == 0)
		buf_addf(why, "\n  its log, %s/current, is empty", dir);
	else
		buf_addf(why, "\n  the end of %s/current:\n%.*s", dir,
			(int)(lines.len - 1), buf_str(&lines));
}

/* -EIO when the service behind the port keeps dying. */
static int check_service(struct waiting *w, size_t i, struct buf *why)
{
	const char *name = w->ports.v[i].service->name;
	struct starts *starts = &w->starts[i];
	AUTO_FREE char *text = xasprintf("service/%s", name);
	AUTO_FREE char *dir = relay_path(w->relay, text);
	struct runit_status status;

	if (runit_status(dir, &status) <= 0 || status.pid == 0 ||
		status.pid == starts->pid)
		return 0;
	starts->pid = status.pid;
	if (++starts->n < STARTS_MAX)
		return 0;
	because(why, -EIO, "%s dies right after its start", name);
	tell_log(w->relay, name, why);
	return -EIO;
}

static int look_around(struct waiting *w, struct buf *why)
{
	for (size_t i = 0; i < w->ports.n; i++) {
		if (w->is_up[i])
			continue;
		if (relay_port_probe(&w->ports.v[i]) == 0) {
			w->is_up[i] = true;
			w->n_left--;
			continue;
		}
		int r = check_service(w, i, why);
		if (r < 0)
			return r;
	}
	return 0;
}

static void tell_progress(const struct waiting *w)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);

	for (size_t i = 0; i < w->ports.n; i++)
		if (!w->is_up[i] &&
			(i == 0 || w->is_up[i - 1] ||
				w->ports.v[i].service !=
					w->ports.v[i - 1].service))
			buf_addf(&text, "%s %s", text.len ? "," : "waiting for",
				w->ports.v[i].service->name);
	say_progress(buf_slice(&text));
}

static int refuse_silent(struct waiting *w, struct buf *why)
{
	size_t i = 0;

	while (w->is_up[i])
		i++;
	const struct relay_port *port = &w->ports.v[i];
	because(why, -EIO, "%s does not answer on %s", port->service->name,
		port->text);
	tell_log(w->relay, port->service->name, why);
	return -EIO;
}

static bool is_stop(int signal_number)
{
	return signal_number == SIGINT || signal_number == SIGTERM ||
		signal_number == SIGHUP;
}

static int wait_rounds(struct waiting *w, struct buf *why)
{
	uint64_t end = now_msec() + READY_SEC * 1000;

	while (w->n_left > 0) {
		int r = look_around(w, why);
		if (r < 0)
			return r;
		if (w->n_left == 0)
			break;
		tell_progress(w);
		int came = next_signal(ROUND_MSEC);
		if (is_stop(came))
			return -EINTR;
		if (came == SIGCHLD && reap_children())
			return because(why, -EIO,
				"runsvdir has ended; log/runsvdir.log in the "
				"relay's folder tells why");
		if (now_msec() > end)
			return refuse_silent(w, why);
	}
	return 0;
}

int run_wait_ready(const struct relay *relay, struct buf *why)
{
	struct waiting w = { .relay = relay };
	int r = relay_ports_list(relay, &w.ports, why);

	if (r < 0)
		return r;
	w.starts = xcalloc(w.ports.n, sizeof(*w.starts));
	w.is_up = xcalloc(w.ports.n, sizeof(*w.is_up));
	w.n_left = w.ports.n;
	r = wait_rounds(&w, why);
	free(w.starts);
	free(w.is_up);
	relay_ports_release(&w.ports);
	return r;
}

int run_watch(struct buf *why)
{
	for (;;) {
		int came = next_signal(-1);
		if (is_stop(came))
			return 0;
		if (came == SIGCHLD && reap_children())
			return because(why, -EIO,
				"runsvdir, which keeps the services running, "
				"has ended");
	}
}

void run_stop(void)
{
	if (runsvdir_pid > 0)
		kill(runsvdir_pid, SIGHUP);
	if (tree_wait(STOP_KINDLY_MSEC))
		return;
	tree_signal(SIGTERM);
	if (tree_wait(STOP_FIRMLY_MSEC))
		return;
	/* What is forked meanwhile is found by the next round. */
	for (int i = 0; i < 3; i++) {
		tree_signal(SIGKILL);
		if (tree_wait(STOP_KILL_MSEC / 3))
			return;
	}
}

static const struct timespec moment = { .tv_nsec = 20000000 };

/* Until the service runs with another process than `before`. */
static int wait_restarted(const char *dir, pid_t before)
{
	uint64_t end = now_msec() + RESTART_MSEC;
	struct runit_status status;

	while (now_msec() < end) {
		int r = runit_status(dir, &status);
		if (r < 0)
			return r;
		if (r == 1 && status.is_up && status.pid != before)
			return 0;
		nanosleep(&moment, NULL);
	}
	return -ETIMEDOUT;
}

/* 1 restarted, 0 new: runsvdir starts it by itself, with its files. */
static int restart(const char *dir)
{
	struct runit_status before;
	int r = runit_status(dir, &before);

	if (r <= 0)
		return r;
	r = runit_control(dir, 't');
	if (r == 0)
		r = wait_restarted(dir, before.pid);
	return r < 0 ? r : 1;
}

/* What was done to which services, in this order. */
struct told {
	struct buf *started, *restarted, *reloaded;
};

static void tell(struct buf *list, const char *name)
{
	buf_addf(list, "%s%s", list->len ? ", " : "", name);
}

static int update_one(const struct relay *relay,
	const struct service_state *state, struct told *told, struct buf *why)
{
	const char *name = state->decl->name;
	AUTO_FREE char *text = xasprintf("service/%s", name);
	AUTO_FREE char *dir = relay_path(relay, text);
	bool is_restart = state->need == SERVICE_RESTART;

	if (state->need == SERVICE_KEEP)
		return 0;
	int r = is_restart ? restart(dir) : runit_control(dir, 'h');
	if (r < 0)
		return because(why, r, "%s could not be %s: %s", name,
			is_restart ? "restarted" : "reloaded", strerror(-r));
	tell(!is_restart         ? told->reloaded
			: r == 1 ? told->restarted
				 : told->started,
		name);
	return service_mark(&relay->apply, state, why);
}

static bool is_known(const struct service_states *states, const char *name)
{
	for (size_t i = 0; i < states->n; i++)
		if (strcmp(states->v[i].decl->name, name) == 0)
			return true;
	return false;
}

static int remove_one(const char *path, const struct stat *st UNUSED,
	int type UNUSED, struct FTW *ftw UNUSED)
{
	return remove(path);
}

static void forget_one(const char *dir)
{
	uint64_t end = now_msec() + RESTART_MSEC;
	struct runit_status status;

	if (runit_control(dir, 'x') == 0)
		while (now_msec() < end && runit_status(dir, &status) == 1)
			nanosleep(&moment, NULL);
	nftw(dir, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void run_forget_others(
	const struct relay *relay, const struct service_states *states)
{
	AUTO_FREE char *services = relay_path(relay, "service");
	DIR *dir = opendir(services);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_FREE char *path =
			xasprintf("%s/%s", services, entry->d_name);
		if (entry->d_name[0] != '.' && !is_known(states, entry->d_name))
			forget_one(path);
	}
	if (dir)
		closedir(dir);
}

static void add_told(struct buf *out, const char *verb, const struct buf *list)
{
	if (list->len > 0)
		buf_addf(out, "%s%s %s", out->len ? "; " : "", verb,
			buf_str(list));
}

int run_update(const struct relay *relay, const struct service_states *states,
	struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf started = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf restarted = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf reloaded = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct told told = { &started, &restarted, &reloaded };

	for (size_t i = 0; i < states->n; i++) {
		int r = update_one(relay, &states->v[i], &told, why);
		if (r < 0)
			return r;
	}
	add_told(out, "started", &started);
	add_told(out, "restarted", &restarted);
	add_told(out, "reloaded", &reloaded);
	return 0;
}
