/*
 * cmdeploy test: runs the tests of the build that this program is part
 * of (build/tests/manifest), and what they need, on this machine.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/testrun/cases.h"
#include "cmdeploy/testrun/needs.h"
#include "cmdeploy/testrun/runner.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

struct options {
	const char *pattern;
	int jobs;
	bool is_list;
};

static const char usage[] =
	"usage: cmdeploy test [-k PATTERN] [-j JOBS] [--list]\n"
	"  -k PATTERN  only tests whose name contains PATTERN, or matches it\n"
	"              as a glob (*, ?, [...])\n"
	"  -j JOBS     tests to run side by side (default: one a processor)\n"
	"  --list      print the names, run nothing\n";

static int default_jobs(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return 1;
	return n > RUNNER_JOBS_MAX ? RUNNER_JOBS_MAX : (int)n;
}

static bool parse_jobs(const char *text, int *ret_jobs)
{
	uint64_t jobs;

	if (num_parse_max(slice_of(text), RUNNER_JOBS_MAX, &jobs) < 0 ||
		jobs == 0) {
		fprintf(stderr, "cmdeploy test: -j %s: not from 1 to %d\n",
			text, RUNNER_JOBS_MAX);
		return false;
	}
	*ret_jobs = (int)jobs;
	return true;
}

/* 0: go on; else the exit status plus one. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "k:j:lh", longs, NULL)) != -1) {
		if (c == 'k')
			o->pattern = optarg;
		else if (c == 'l')
			o->is_list = true;
		else if (c == 'h')
			return fputs(usage, stdout), 1;
		else if (c != 'j')
			return fputs(usage, stderr), 3;
		else if (!parse_jobs(optarg, &o->jobs))
			return 3;
	}
	if (optind < argc)
		return fputs(usage, stderr), 3;
	return 0;
}

/* The build folder is above the one that this program is in. */
static char *find_build(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		die("test: /proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	return xstrdup(dirname(dirname(path)));
}

static void read_cases(const char *build, struct test_cases *cases)
{
	AUTO_FREE char *path = xasprintf("%s/tests/manifest", build);
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (!file_exists(path))
		die("test: %s is not there: this cmdeploy is not in a build "
		    "folder; in a source tree run scripts/cmdeploy test",
			path);
	if (file_read(path, &text, &why) < 0 ||
		test_cases_add(cases, buf_slice(&text), path, &why) < 0)
		die("test: %s", buf_str(&why));
}

static int list_cases(const struct test_cases *cases)
{
	for (size_t i = 0; i < cases->n; i++)
		puts(cases->v[i].name);
	return cases->n > 0 ? 0 : 1;
}

static void set_environment(const char *build)
{
	AUTO_FREE char *core = core_path(build);

	setenv("BUILD_DIR", build, 1);
	setenv("RPC_SERVER", core, 1);
}

static int run_cases(
	const struct test_cases *cases, const char *build, int jobs)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct runner_counts counts = { 0 };
	struct runner_options options = {
		.build = build,
		.jobs = jobs,
		.has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
	};

	set_environment(build);
	if (runner_run(&options, cases, &counts, &why) < 0)
		die("test: %s", buf_str(&why));
	printf("%zu passed, %zu failed\n", counts.n_passed, counts.n_failed);
	if (counts.was_stopped)
		return 130;
	return counts.n_failed > 0 || counts.n_passed == 0 ? 1 : 0;
}

int cmd_test(int argc, char **argv)
{
	struct options o = { .jobs = default_jobs() };
	struct test_cases cases = { 0 };
	int r = parse_options(argc, argv, &o);

	if (r > 0)
		return r - 1;
	AUTO_FREE char *build = find_build();
	read_cases(build, &cases);
	if (o.pattern)
		test_cases_select(&cases, o.pattern);
	if (o.pattern && cases.n == 0)
		fprintf(stderr,
			"cmdeploy test: no test is called %s; "
			"--list prints them\n",
			o.pattern);
	r = o.is_list ? list_cases(&cases) : run_cases(&cases, build, o.jobs);
	test_cases_release(&cases);
	return r;
}
