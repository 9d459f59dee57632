/*
 * cmdeploy up: checks, then applies, then runs, then shows. With --detach
 * a child does all that in a session of its own, and this process waits
 * until it says that the relay is ready.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/folder/check.h"
#include "cmdeploy/folder/folder.h"
#include "cmdeploy/folder/processes.h"
#include "cmdeploy/folder/screen.h"
#include "cmdeploy/relay/readiness.h"
#include "cmdeploy/relay/setup.h"
#include "cmdeploy/relay/update.h"
#include "cmdeploy/say.h"

struct options {
	const char *address;
	const char *dir;
	bool is_dry_run;
	bool is_detached;
};

static int parse(int argc, char **argv, struct options *o, struct buf *why)
{
	const struct cmd_option table[] = {
		{ .name = "--dir", .text = &o->dir },
		{ .name = "--dry-run", .flag = &o->is_dry_run },
		{ .name = "--detach", .flag = &o->is_detached },
	};
	int n = cmd_parse(argc, argv, table, ARRAY_LEN(table), 1, why);

	if (n == 1)
		o->address = argv[1];
	return n;
}

static int fail(const struct buf *why)
{
	say_error("%s", buf_str(why));
	return EXIT_FAILURE;
}

static void stop(void)
{
	say_step("stop");
	processes_stop();
	say_done("every process has ended");
}

/* Everything up to the moment when all ports answer. */
static int start(struct relay *relay, struct buf *why)
{
	AUTO_CLOSE int turn = -1;
	struct report report = REPORT_INIT;
	struct service_states states = { 0 };
	int r = folder_lock(relay, why);

	if (r == 0)
		r = folder_lock_changes(relay, &turn, why);
	if (r == 0)
		r = setup_apply(relay, &report, &states, why);
	if (r == 0)
		r = folder_keep_address(relay, why);
	if (r == 0) {
		say_step("services");
		r = update_forget_others(relay, &states, &report.told, why);
	}
	if (r == 0)
		r = processes_start(relay, why);
	if (r == 0)
		r = readiness_wait(relay, why);
	if (r == 0) {
		say_done("%zu answer", states.n);
		r = update_mark(relay, &states, why);
	}
	services_release(&states);
	buf_release(&report.told);
	return r;
}

/* The terminal is left to itself; what is still said goes to a log. */
static void leave_terminal(const struct relay *relay)
{
	AUTO_FREE char *path = folder_path(relay, "log/cmdeploy.log");
	AUTO_CLOSE int log =
		open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(log < 0 ? null : log, STDOUT_FILENO);
	dup2(log < 0 ? null : log, STDERR_FILENO);
	if (chdir("/") < 0)
		say_note("cannot leave the current folder");
}

/* `ready` gets one byte when the relay is up; -1 in the foreground. */
static int run(struct relay *relay, int ready)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	bool is_detached = ready >= 0;

	processes_prepare();
	int r = start(relay, &why);
	if (r == 0) {
		screen_show(relay, is_detached);
		if (is_detached) {
			leave_terminal(relay);
			r = fd_write_all(ready, SLICE("!"));
			fd_close(&ready);
		}
		r = processes_watch(&why);
		say("%s", "");
	}
	int status = r == 0 || r == -EINTR ? EXIT_SUCCESS : fail(&why);
	say_interrupted();
	stop();
	return r == -EINTR ? EXIT_FAILURE : status;
}

static volatile sig_atomic_t daemon_pid;

static void pass_on(int signal_number UNUSED)
{
	kill((pid_t)daemon_pid, SIGTERM);
}

/* Ready, or how the child ended. A Ctrl-C meanwhile ends the child. */
static int wait_for_daemon(pid_t pid, int ready)
{
	const struct sigaction action = { .sa_handler = pass_on };
	char byte;
	ssize_t n;
	int status;

	daemon_pid = pid;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	while ((n = read(ready, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		return EXIT_SUCCESS;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return EXIT_FAILURE;
}

static int detach(struct relay *relay)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		say_error("pipe: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	pid_t pid = fork();
	if (pid < 0) {
		say_error("fork: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (pid == 0) {
		close(ends[0]);
		setsid();
		return run(relay, ends[1]);
	}
	close(ends[1]);
	int status = wait_for_daemon(pid, ends[0]);
	close(ends[0]);
	return status;
}

/* Of a relay that runs: what has changed, and only that, is renewed. */
static int update(struct relay *relay, struct buf *why)
{
	struct report report = REPORT_INIT;
	AUTO_CLOSE int turn = -1;
	struct service_states states = { 0 };
	int r = folder_lock_changes(relay, &turn, why);

	if (r == 0)
		r = setup_apply(relay, &report, &states, why);
	if (r == 0)
		r = folder_keep_address(relay, why);
	if (r == 0) {
		say_step("services");
		r = update_forget_others(relay, &states, &report.told, why);
	}
	if (r == 0)
		r = update_services(relay, &states, &report.told, why);
	if (r == 0)
		r = readiness_wait(relay, why);
	if (r == 0)
		say_done("%s",
			report.told.len ? buf_str(&report.told)
					: "all run with what they need");
	services_release(&states);
	buf_release(&report.told);
	return r;
}

static int update_running(struct relay *relay, pid_t pid, bool is_detached)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (!is_detached) {
		say_error("%s is in use by another \"cmdeploy up\" (pid %d); "
			  "\"%s down --dir %s\" ends it, and \"%s up --dir %s "
			  "--detach\" applies changes while it runs",
			relay->dir, (int)pid, say_program(), relay->dir,
			say_program(), relay->dir);
		return EXIT_FAILURE;
	}
	if (update(relay, &why) < 0)
		return fail(&why);
	say("The relay %s runs (pid %d).", relay->config.mail_domain, (int)pid);
	return EXIT_SUCCESS;
}

static int show_changes(struct relay *relay)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	return setup_show(relay, &(struct setup_extra){ 0 }, &why) < 0
		? fail(&why)
		: EXIT_SUCCESS;
}

static int up(struct relay *relay, const struct options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (o->is_dry_run)
		return show_changes(relay);
	pid_t pid = folder_runner(relay);
	if (pid > 0)
		return update_running(relay, pid, o->is_detached);
	if (folder_check(relay, &why) < 0)
		return fail(&why);
	if (relay->config.is_ip_literal)
		say_bold("A relay on %s, in %s", relay->address_text,
			relay->dir);
	else
		say_bold("A relay for %s on %s, in %s",
			relay->config.mail_domain, relay->address_text,
			relay->dir);
	return o->is_detached ? detach(relay) : run(relay, -1);
}

int cmd_up(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	struct options o = { .dir = DIR_DEFAULT };

	if (parse(argc, argv, &o, &why) < 0)
		return cmd_usage(&commands, "up", buf_str(&why));
	if (folder_open(o.dir, o.address, &relay, &why) < 0)
		return fail(&why);
	return up(&relay, &o);
}
