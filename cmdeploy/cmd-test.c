/*
 * cmdeploy test: runs the tests of the build that this program is part
 * of (build/test-manifest), and what they need, on this machine.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/relay/programs.h"
#include "cmdeploy/testrun/apart.h"
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
	bool is_apart;
	bool has_hosts;
};

static int default_jobs(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return 1;
	return n > RUNNER_JOBS_MAX ? RUNNER_JOBS_MAX : (int)n;
}

/* An empty text is the default. */
static int parse_jobs(const char *text, int *ret_jobs, struct buf *why)
{
	uint64_t jobs;

	if (!text) {
		*ret_jobs = default_jobs();
		return 0;
	}
	int r = num_parse_max(slice_of(text), RUNNER_JOBS_MAX, &jobs);
	if (r < 0 || jobs == 0)
		return because(why, -EINVAL, "-j %s: not from 1 to %d", text,
			RUNNER_JOBS_MAX);
	*ret_jobs = (int)jobs;
	return 0;
}

static int parse_options(
	int argc, char **argv, struct options *ret_options, struct buf *why)
{
	const char *jobs = NULL;
	struct options o = { 0 };
	const struct cmd_option table[] = {
		{ .name = "-k", .text = &o.pattern },
		{ .name = "-j", .text = &jobs },
		{ .name = "--list", .flag = &o.is_list },
		{ .name = "--apart", .flag = &o.is_apart },
		{ .name = "--hosts", .flag = &o.has_hosts },
	};
	int r = cmd_parse(argc, argv, table, ARRAY_LEN(table), 0, why);

	if (r == 0)
		r = parse_jobs(jobs, &o.jobs, why);
	if (r == 0)
		*ret_options = o;
	return r;
}

static void read_cases(const char *build, struct test_cases *cases)
{
	AUTO_FREE char *path = xasprintf("%s/test-manifest", build);
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

static void select_cases(struct test_cases *cases, const struct options *o)
{
	test_cases_select(cases, o->pattern);
	if (cases->n == 0)
		fprintf(stderr,
			"cmdeploy test: no test is called %s; "
			"--list prints them\n",
			o->pattern);
	else if (!o->has_hosts && !strncmp(cases->v[0].name, "hosts/", 6))
		fprintf(stderr,
			"cmdeploy test: the tests on hosts of their own "
			"run with --hosts\n");
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
	AUTO_FREE char *modules = browser_modules_path(build);
	AUTO_FREE char *cmdeploy = cmdeploy_path(build);

	setenv("BUILD_DIR", build, 1);
	setenv("RPC_SERVER", core, 1);
	setenv("BROWSER_MODULES", modules, 1);
	setenv("CMDEPLOY", cmdeploy, 1);
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
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct options o = { 0 };
	struct test_cases cases = { 0 };

	if (parse_options(argc, argv, &o, &why) < 0)
		return cmd_usage(&commands, argv[0], buf_str(&why));
	AUTO_FREE char *build = NULL;
	if (programs_build_dir(&build, &why) < 0)
		die("test: %s", buf_str(&why));
	read_cases(build, &cases);
	if (o.pattern)
		select_cases(&cases, &o);
	if (!o.has_hosts)
		test_cases_drop(&cases, "hosts");
	if (o.is_apart && network_go_apart(&why) < 0)
		die("test: %s", buf_str(&why));
	int status = o.is_list ? list_cases(&cases)
			       : run_cases(&cases, build, o.jobs);
	test_cases_release(&cases);
	return status;
}
