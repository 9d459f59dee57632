#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cmdeploy/testrun/cases.h"
#include "cmdeploy/testrun/needs.h"
#include "cmdeploy/testrun/runner.h"
#include "lib/file.h"
#include "lib/num.h"
#include "tests/test.h"

static char dir[] = "/tmp/test-testrun-XXXXXX";

static void test_manifest(void)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want; /* names, or the reason */
	} cases[] = {
		{ "nothing", "", "" },
		{ "comment, empty", "# a\tb\n\n", "" },
		{ "one", "unit\tbuf\t5\t-\t/bin/true\n", "unit/buf " },
		{ "arguments, needs", "r\ta\t5\troot,core\t/bin/x\ty\tz",
			"r/a " },
		{ "listed", "l\t*\t5\t-\t/bin/echo\tone\n", "l/one --list " },
		{ "two fields", "unit\tbuf\n", "m:1: 2 fields, not 5 to 37" },
		{ "no program", "\nunit\tbuf\t5\t-\t\n",
			"m:2: field 5 is empty" },
		{ "no time", "unit\tbuf\t0\t-\tx\n",
			"m:1: \"0\" is no number of seconds from 1 to 3600" },
		{ "bad time", "unit\tbuf\t5s\t-\tx\n",
			"m:1: \"5s\" is no number of seconds from 1 to 3600" },
		{ "bad need", "unit\tbuf\t5\troot,beer\tx\n",
			"m:1: unknown need \"beer\"" },
		{ "twice", "u\ta\t5\t-\tx\nu\ta\t5\t-\ty\n",
			"m:2: a second test u/a" },
		{ "lists nothing", "u\t*\t5\t-\t/bin/true\n",
			"m:1: /bin/true lists no tests" },
		{ "cannot list", "u\t*\t5\t-\t/bin/false\n", "u/* " },
		{ "a ground", "u\t@\t5\t-\tx\nu\ta\t5\t-\ty\n", "u/a " },
		{ "two grounds", "u\t@\t5\t-\tx\nu\t@\t5\t-\ty\n",
			"m:2: one ground too many: u/@" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf got = BUF_INIT(BUF_WHY_MAX_BYTES);
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct test_cases list = { 0 };
		int r = test_cases_add(
			&list, slice_of(cases[i].text), "m", &why);

		for (size_t k = 0; r == 0 && k < list.n; k++)
			buf_addf(&got, "%s ", list.v[k].name);
		check_str(cases[i].name, r < 0 ? buf_str(&why) : buf_str(&got),
			cases[i].want);
		test_cases_release(&list);
	}
}

static void test_fields(void)
{
	struct test_cases list = { 0 };

	check_int("reads",
		test_cases_add(&list, SLICE("r\ta\t7\troot,core\t/bin/x\ty\tz"),
			"m", NULL),
		0);
	check_int("limit", list.v[0].limit_sec, 7);
	check_int("needs", list.v[0].needs, NEED_ROOT | NEED_CORE);
	check_str("program", list.v[0].argv[0], "/bin/x");
	check_str("last argument", list.v[0].argv[2], "z");
	check("end", !list.v[0].argv[3]);
	test_cases_release(&list);
}

static void test_select(void)
{
	static const struct {
		const char *pattern;
		const char *want;
	} cases[] = {
		{ "buf", "unit/buf " },
		{ "unit/", "unit/buf unit/num " },
		{ "*/*u*", "unit/buf unit/num " },
		{ "unit/[a-m]*", "unit/buf " },
		{ "un?t/num", "unit/num " },
		{ "none", "" },
		{ "[", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf got = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct test_cases list = { 0 };
		int r = test_cases_add(&list,
			SLICE("unit\tbuf\t5\t-\tx\nunit\tnum\t5\t-\tx\n"
			      "relay\tchat\t5\t-\tx\n"),
			"m", NULL);

		check_int(cases[i].pattern, r, 0);
		test_cases_select(&list, cases[i].pattern);
		for (size_t k = 0; k < list.n; k++)
			buf_addf(&got, "%s ", list.v[k].name);
		check_str(cases[i].pattern, buf_str(&got), cases[i].want);
		test_cases_release(&list);
	}
}

static void test_drop(void)
{
	struct test_cases list = { 0 };

	check_int("reads",
		test_cases_add(&list,
			SLICE("h\t@\t5\t-\tx\nh\ta\t5\t-\tx\n"
			      "ho\ta\t5\t-\tx\n"),
			"m", NULL),
		0);
	check_int("stands", test_cases_ground(&list, &list.v[0]), 0);
	check_int(
		"stands on nothing", test_cases_ground(&list, &list.v[1]), -1);
	test_cases_drop(&list, "h");
	check_int("one is left", list.n, 1);
	check_str("the other", list.v[0].name, "ho/a");
	test_cases_release(&list);
}

/* Runs the manifest with its standard output in *out. */
static struct runner_counts run_captured(const char *manifest, struct buf *out)
{
	AUTO_FREE char *path = xasprintf("%s/out", dir);
	struct runner_options options = { .build = dir, .jobs = 2 };
	struct runner_counts counts = { 0 };
	struct test_cases list = { 0 };

	fflush(stdout);
	AUTO_CLOSE int before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	AUTO_CLOSE int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check("redirected",
		before >= 0 && fd >= 0 &&
			dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	int r = test_cases_add(&list, slice_of(manifest), "m", NULL);
	if (r == 0)
		r = runner_run(&options, &list, &counts, NULL);
	fflush(stdout);
	check("back", dup2(before, STDOUT_FILENO) == STDOUT_FILENO);
	check_int("ran", r, 0);
	check_int("read", file_read(path, out, NULL), 0);
	test_cases_release(&list);
	unlink(path);
	return counts;
}

static void check_has(
	const char *name, const struct buf *text, const char *want)
{
	if (strstr(buf_str(text), want))
		check(name, true);
	else
		check_str(name, buf_str(text), want);
}

static void test_run(void)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	AUTO_FREE char *kept = xasprintf("kept: %s/chatmail-test-", dir);
	struct runner_counts counts = run_captured(
		"u\tpasses\t9\t-\t/bin/sh\t-c\ttouch $TEST_DIR/x; test -e x\n"
		"u\tfails\t9\t-\t/bin/sh\t-c\techo oh; echo no >&2; exit 3\n"
		"u\tdies\t9\t-\t/bin/sh\t-c\tkill -11 $$\n"
		"u\tnone\t9\t-\t/nonexistent/program\n"
		"u\t*\t9\t-\t/bin/sh\t-c\texit 7\n",
		&out);

	check_int("passed", counts.n_passed, 1);
	check_int("failed", counts.n_failed, 4);
	check("not stopped", !counts.was_stopped);
	check_has("ok", &out, "ok   u/passes  0.");
	check_has("status", &out, " s  exit status 3\n     | oh\n     | no\n");
	check_has("folder", &out, kept);
	check_has("signal", &out, " s  killed by SIGSEGV\n");
	check_has("no program", &out,
		"FAIL u/none  0.00 s  /nonexistent/program: No such file");
	check_has("cannot list", &out, "FAIL u/*  0.0");
	check("gone when passed", !strstr(buf_str(&out), "u-passes-"));
}

/* It was killed, but the kernel may still be about to do so. */
static bool ends_soon(struct slice pid)
{
	uint64_t number = 0;

	if (num_parse_u64(pid, &number) < 0)
		return false;
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, (pid_t)number, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };
	return fd < 0 ? errno == ESRCH : poll(&end, 1, 10000) == 1;
}

/* Its own SIGTERM trap does not save it, nor what it left behind. */
static void test_late(void)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	AUTO_BUF struct buf pid = BUF_INIT(100);
	AUTO_FREE char *path = xasprintf("%s/pid", dir);
	AUTO_FREE char *manifest = xasprintf(
		"u\tlate\t1\t-\t/bin/sh\t-c\tsleep 60 & echo $! > %s; "
		"trap 'echo bye; exit 0' TERM; wait\n",
		path);
	struct runner_counts counts = run_captured(manifest, &out);

	check_int("failed", counts.n_failed, 1);
	check_has("says so", &out, "no end after 1 s, exit status 0\n");
	check_has("had its chance", &out, "     | bye\n");
	check_int("pid", file_read(path, &pid, NULL), 0);
	check("nothing left", ends_soon(slice_trim(buf_slice(&pid))));
	unlink(path);
}

/* It is there before the first test, told to it, and ends after the last. */
static void test_ground(void)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	struct runner_counts counts = run_captured(
		"u\tbefore\t9\t-\t/bin/sh\t-c\ttest -z \"$GROUND\"\n"
		"g\t@\t9\t-\t/bin/sh\t-c\techo GROUND=$$; echo ready; "
		"cat; echo over >&2\n"
		"g\ta\t9\t-\t/bin/sh\t-c\tkill -0 $GROUND\n"
		"g\tb\t9\t-\t/bin/sh\t-c\tkill -0 $GROUND\n",
		&out);

	unsetenv("GROUND");
	check_int("passed", counts.n_passed, 3);
	check_int("failed", counts.n_failed, 0);
	check_has("ended last", &out, " s\nover\n");
}

static void test_bad_ground(void)
{
	static const struct {
		const char *name;
		const char *script;
		const char *want;
		size_t n_failed;
	} cases[] = {
		{ "never ready", "echo no wood >&2; exit 3",
			"no wood\nFAIL g/a  0.00 s  g/@: it ended before it "
			"was ready\n",
			2 },
		{ "not in time", "sleep 60",
			"FAIL g/b  0.00 s  g/@: not ready after 1 s\n", 2 },
		{ "ends badly", "echo ready; cat; exit 4",
			" s  exit status 4\n", 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1 << 20);
		AUTO_FREE char *manifest = xasprintf(
			"g\t@\t1\t-\t/bin/sh\t-c\t%s\n"
			"g\ta\t9\t-\t/bin/true\ng\tb\t9\t-\t/bin/true\n",
			cases[i].script);
		struct runner_counts counts = run_captured(manifest, &out);

		check_has(cases[i].name, &out, cases[i].want);
		check_int(cases[i].name, counts.n_failed, cases[i].n_failed);
	}
}

/* As nobody for a moment, where the tests run as root. */
static void test_unmet_need(void)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	bool is_root = geteuid() == 0;

	if (is_root)
		check("nobody", !chmod(dir, 0777) && !seteuid(65534));
	struct runner_counts counts = run_captured(
		"u\ta\t9\troot\t/bin/true\nu\tb\t9\troot\t/bin/true\n", &out);
	if (is_root)
		check("root again", !seteuid(0));
	check_int("failed", counts.n_failed, 2);
	check_has("says so", &out,
		"FAIL u/b  0.00 s  needs root: not root: run it with sudo\n");
}

int main(void)
{
	if (!mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	setenv("TMPDIR", dir, 1);
	test_manifest();
	test_fields();
	test_select();
	test_drop();
	test_run();
	test_ground();
	test_bad_ground();
	test_late();
	test_unmet_need();
	const char *const argv[] = { "rm", "-rf", dir, NULL };
	return test_end() || execvp(argv[0], (char *const *)argv);
}
