/* Unit tests of lib/proc.h. */
#include "lib/proc.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/test.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void add_line(struct slice line, void *owner)
{
	buf_add_char(owner, '[');
	buf_add_slice(owner, line);
	buf_add_char(owner, ']');
}

static void test_output(void)
{
	AUTO_BUF struct buf out = BUF_INIT(4096);
	AUTO_BUF struct buf err = BUF_INIT(4096);
	AUTO_BUF struct buf lines = BUF_INIT(4096);
	int status = -2;

	check_int("starts",
		proc_run(
			&(struct proc){
				.argv = ARGV("sh", "-c",
					"cat; echo \"$A\"; echo e >&2; "
					"printf end; exit 3"),
				.env = ARGV("A=b"),
				.input = SLICE("in\n"),
				.timeout_sec = 20,
				.out = &out,
				.err = &err,
				.on_line = add_line,
				.owner = &lines,
			},
			&status, NULL),
		0);
	check_str("out", buf_str(&out), "in\nb\nend");
	check_str("err", buf_str(&err), "e\n");
	check_str("lines", buf_str(&lines), "[in][b][end]");
	buf_reset(&out);
	proc_status_text(status, &out);
	check_str("status", buf_str(&out), "exit status 3");
}

static void test_much(void)
{
	AUTO_BUF struct buf in = BUF_INIT(1 << 20);
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	int status = -2;

	while (in.len < in.max)
		buf_add_str(&in, "0123456789abcdef");
	check_int("starts",
		proc_run(&(struct proc){ .argv = ARGV("cat"),
				 .input = buf_slice(&in),
				 .timeout_sec = 20,
				 .out = &out },
			&status, NULL),
		0);
	check_int("status", status, 0);
	check("the same", slice_eq(buf_slice(&in), buf_slice(&out)));

	AUTO_BUF struct buf little = BUF_INIT(10);
	check_int("ceiling",
		proc_run(&(struct proc){ .argv = ARGV("cat"),
				 .input = buf_slice(&in),
				 .timeout_sec = 20,
				 .out = &little },
			&status, NULL),
		0);
	check_str("cut", buf_str(&little), "0123456789");
	check_int("nobody reads",
		proc_run(&(struct proc){ .argv = ARGV("true"),
				 .input = buf_slice(&in),
				 .timeout_sec = 20 },
			&status, NULL),
		0);
	check_int("nobody reads", status, 0);
}

static const struct {
	const char *name, *script;
	const char *want;
} ends[] = {
	{ "says why", "echo a; echo 'no such thing' >&2; exit 2",
		"sh: exit status 2: no such thing" },
	{ "says it on stdout", "echo out; exit 1", "sh: exit status 1: out" },
	{ "says nothing", "exit 7", "sh: exit status 7" },
	{ "killed", "kill -SEGV $$", "sh: killed by SIGSEGV" },
	{ "slow", "sleep 60", "sh: took too long" },
	{ "slow child", "sleep 60 & wait", "sh: took too long" },
	{ "slow without output", "exec >&- 2>&-; sleep 60",
		"sh: took too long" },
	{ "prints without end", "yes", "sh: took too long: y" },
};

static void test_ends(void)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		AUTO_BUF struct buf out = BUF_INIT(4096);
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct proc proc = {
			.argv = ARGV("sh", "-c", ends[i].script),
			.out = &out,
			.timeout_sec = 1,
		};
		check_int(ends[i].name, proc_run_ok(&proc, &why), -EIO);
		check_str(ends[i].name, buf_str(&why), ends[i].want);
	}
}

static void test_missing(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct proc proc = { .argv = ARGV("/nonexistent/program") };

	check_int("missing", proc_run_ok(&proc, &why), -ENOENT);
	check_str("missing", buf_str(&why),
		"/nonexistent/program: cannot be started: "
		"No such file or directory");
}

static void note_ready(struct slice line UNUSED, void *owner)
{
	*(bool *)owner = true;
}

static bool is_unwanted(void *owner)
{
	return *(bool *)owner;
}

/* It is told with a signal, and may still do what it has to. */
static void test_unwanted(void)
{
	AUTO_BUF struct buf out = BUF_INIT(4096);
	bool is_ready = false;
	int status = -2;
	const struct proc proc = {
		.argv = ARGV("sh", "-c",
			"trap 'kill $pid; echo tidy; exit 3' INT; sleep 60 & "
			"pid=$!; echo ready; wait"),
		.out = &out,
		.on_line = note_ready,
		.is_unwanted = is_unwanted,
		.owner = &is_ready,
		.timeout_sec = 20,
	};

	check_int("unwanted", proc_run(&proc, &status, NULL), 0);
	check_int("unwanted", WEXITSTATUS(status), 3);
	check_str("unwanted", buf_str(&out), "ready\ntidy\n");
}

static void test_attach(void)
{
	AUTO_BUF struct buf out = BUF_INIT(4096);
	int status = -2;

	check_int("starts",
		proc_attach(ARGV("sh", "-c", "exit 4"), &status, NULL), 0);
	proc_status_text(status, &out);
	check_str("status", buf_str(&out), "exit status 4");
	check_int("no such program",
		proc_attach(ARGV("/no/such/program"), &status, &out), -ENOENT);
	check_str("why", buf_str(&out),
		"/no/such/program: cannot be started: No such file or "
		"directory");
}

int main(void)
{
	test_output();
	test_much();
	test_ends();
	test_missing();
	test_unwanted();
	test_attach();
	return test_end();
}
