/* test-child.c - processes that are started, asked to end, and waited for. */
#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/file.h"
#include "lib/proc.h"
#include "tests/test.h"

static const char no_such_folder[] = "/no/such/folder";

struct ends {
	int to_read;
	int to_write;
};

static struct ends open_pipe(void)
{
	int pair[2] = { -1, -1 };

	check_int("pipe", pipe2(pair, O_CLOEXEC), 0);
	return (struct ends){ pair[0], pair[1] };
}

/* What it prints, up to its end; its status goes to `text`, too. */
static void hear(struct child child, struct buf *text)
{
	struct ends p = open_pipe();
	pid_t pid = -1;
	int status = -1;

	child.out = p.to_write;
	check_int("starts", child_spawn(&child, &pid, NULL), 0);
	close(p.to_write);
	check_int("read", fd_read_all(p.to_read, text), 0);
	close(p.to_read);
	check_int("ends", child_wait(pid, -1, &status), 1);
	child_status_text(status, text);
}

static const struct {
	const char *name, *script;
	const char *const *env;
	bool has_only_env;
	const char *dir;
	enum child_place place;
	const char *want;
} programs[] = {
	{ .name = "status", .script = "exit 3", .want = "exit status 3" },
	{ .name = "signal",
		.script = "kill -TERM $$",
		.want = "killed by SIGTERM" },
	{ .name = "added",
		.script = "echo \"$A,${PATH:+has}\"",
		.env = PROC_WORDS("A=b"),
		.want = "b,has\nexit status 0" },
	{ .name = "only",
		.script = "echo \"$A,$HOME\"",
		.env = PROC_WORDS("A=b", "PATH=/usr/bin:/bin"),
		.has_only_env = true,
		.want = "b,\nexit status 0" },
	{ .name = "folder",
		.script = "pwd",
		.dir = "/usr",
		.want = "/usr\nexit status 0" },
	{ .name = "no input", .script = "cat", .want = "exit status 0" },
	{ .name = "group",
		.script = "test $$ = $(ps -o pgid= -p $$)",
		.place = CHILD_IN_GROUP,
		.want = "exit status 0" },
	{ .name = "session",
		.script = "test $$ = $(ps -o sid= -p $$)",
		.place = CHILD_IN_SESSION,
		.want = "exit status 0" },
	{ .name = "beside",
		.script = "test $$ != $(ps -o pgid= -p $$)",
		.want = "exit status 0" },
};

static void test_programs(void)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		AUTO_BUF struct buf text = BUF_INIT(4096);

		hear(
			(struct child){
				.argv = PROC_WORDS(
					"sh", "-c", programs[i].script),
				.env = programs[i].env,
				.has_only_env = programs[i].has_only_env,
				.dir = programs[i].dir,
				.place = programs[i].place,
			},
			&text);
		check_str(programs[i].name, buf_str(&text), programs[i].want);
	}
}

static int say_hello(void *owner)
{
	return fd_write_all(1, slice_of(owner)) < 0 ? 1 : 7;
}

static int refuse(void *owner UNUSED)
{
	return -EPERM;
}

static void test_functions(void)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	pid_t pid = -1;

	hear((struct child){ .run = say_hello, .owner = (char *)"hello\n" },
		&text);
	check_str("function", buf_str(&text), "hello\nexit status 7");
	check_int("a function may forbid the program",
		child_spawn(&(struct child){ .run = refuse,
				    .argv = PROC_WORDS("true") },
			&pid, NULL),
		-EPERM);
}

static int work(void *owner, struct buf *why)
{
	int r = *(int *)owner;

	if (r == -EINTR)
		_exit(0);
	return r < 0 ? because(why, r, "no luck") : r;
}

static void test_tasks(void)
{
	static const struct {
		int result, want;
		const char *why;
	} rows[] = {
		{ 0, 0, "" },
		{ -EPERM, -EIO, "no luck" },
		{ -EINTR, -EIO, "the child process ended early" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct child_task task = { 0 };
		int result = rows[i].result;

		check_int(rows[i].why,
			child_task_begin(work, &result, &task, &why), 0);
		check_int(
			rows[i].why, child_task_end(&task, &why), rows[i].want);
		check_str(rows[i].why, buf_str(&why), rows[i].why);
		check_int(rows[i].why, task.pid, 0);
	}
}

/* A signal that we block or ignore ends a program as usual. */
static void test_signals(void)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, &old);
	sigaction(SIGTERM, &ignore, &before);
	hear((struct child){ .argv = PROC_WORDS("sh", "-c", "kill $$") },
		&text);
	check_str("signals", buf_str(&text), "killed by SIGTERM");
	sigaction(SIGTERM, &before, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_errors(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	pid_t pid = -1;

	check_int("no program",
		child_spawn(&(struct child){ .argv = PROC_WORDS("/no/such") },
			&pid, &why),
		-ENOENT);
	check_str("no program", buf_str(&why),
		"/no/such: cannot be started: No such file or directory");
	check_int("no folder",
		child_spawn(&(struct child){ .argv = PROC_WORDS("true"),
				    .dir = no_such_folder },
			&pid, NULL),
		-ENOENT);
	check_int("nothing is left", waitpid(-1, NULL, WNOHANG), -1);
}

static pid_t start(const char *script)
{
	pid_t pid = -1;

	check_int("starts",
		child_spawn(
			&(struct child){ .argv = PROC_WORDS("sh", "-c", script),
				.place = CHILD_IN_GROUP },
			&pid, NULL),
		0);
	return pid;
}

static void test_waiting(void)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);
	pid_t pid = start("exec sleep 60");
	int status = 0;

	check_int("still runs", child_wait(pid, 0, &status), 0);
	check_int("still runs after a while", child_wait(pid, 20, &status), 0);
	child_status_text(child_end(pid, 20000), &text);
	check_str("asked", buf_str(&text), "killed by SIGTERM");
	check_int("nobody", child_wait(pid, 0, &status), -ECHILD);
	check_int("nobody for ever", child_wait(pid, -1, &status), -ECHILD);

	/* It is known to be deaf once it says so. */
	struct ends p = open_pipe();
	char byte;
	check_int("starts",
		child_spawn(
			&(struct child){ .argv = PROC_WORDS("sh", "-c",
						 "trap '' TERM; echo; "
						 "while :; do sleep 1; done"),
				.out = p.to_write,
				.place = CHILD_IN_GROUP },
			&pid, NULL),
		0);
	close(p.to_write);
	check_int("deaf", read(p.to_read, &byte, 1), 1);
	buf_reset(&text);
	child_status_text(child_end(pid, 50), &text);
	kill(-pid, SIGKILL);
	check_str("made to", buf_str(&text), "killed by SIGKILL");
	close(p.to_read);
}

int main(void)
{
	test_programs();
	test_functions();
	test_tasks();
	test_signals();
	test_errors();
	test_waiting();
	return test_end();
}
