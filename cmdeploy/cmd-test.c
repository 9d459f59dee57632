/* cmdeploy test: tries a relay from outside, as strangers and apps see it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/probe/probe.h"
#include "cmdeploy/probe/report.h"
#include "cmdeploy/say.h"
#include "cmdeploy/target/target.h"

struct test_options {
	struct target target;
	const char *second;
	const char *junit;
	const char *pattern;
	bool is_tap;
	bool is_list;
	bool is_echo;
};

static int report(const struct test_options *o, const struct probe_relay *p,
	const struct probe_results *results)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf sum = BUF_INIT(BUF_WHY_MAX_BYTES);

	probe_report_sum(results, &sum);
	if (o->is_tap)
		say("1..%zu\n# %s", results->n, buf_str(&sum));
	else
		say("\n%s", buf_str(&sum));
	if (o->junit &&
		probe_report_junit(
			results, p->config.mail_domain, o->junit, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	return probe_count(results, PROBE_FAILED) > 0 ? EXIT_FAILURE
						      : EXIT_SUCCESS;
}

static int no_such_try(const struct test_options *o)
{
	say_error("no try is called \"%s\"; --list names them", o->pattern);
	return CMD_EXIT_USAGE;
}

static int run(const struct test_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(
		probe_results_release))) struct probe_results results = { 0 };
	__attribute__((cleanup(probe_release))) struct probe_relay p = {
		.accounts.lock_fd = -1,
		.second = o->second,
		.is_echo = o->is_echo,
		.why = BUF_INIT(BUF_WHY_MAX_BYTES),
		.note = BUF_INIT(PROBE_NOTE_MAX_BYTES),
	};
	int r = target_open(&o->target, &p, &why);

	if (r < 0) {
		say_error("%s", buf_str(&why));
		return r == -ESRCH ? EXIT_NOT_RUNNING : EXIT_FAILURE;
	}
	if (o->is_tap)
		say("TAP version 13");
	else
		say_bold("Trying the relay %s", p.config.mail_domain);
	probe_run(&p, o->pattern,
		o->is_tap ? &probe_report_tap : &probe_report_lines, &results);
	return results.n > 0 ? report(o, &p, &results) : no_such_try(o);
}

int cmd_test(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct test_options o = {
		.target.here = { DIR_DEFAULT, command_ini(),
			command_has_ini() },
	};
	const struct cmd_option options[] = {
		{ .name = "--second", .text = &o.second },
		{ .name = "--dir", .text = &o.target.dir },
		{ .name = "--ini", .text = &o.target.ini },
		{ .name = "--config", .text = &o.target.ini },
		{ .name = "--junit", .text = &o.junit },
		{ .name = "-k", .text = &o.pattern },
		{ .name = "--timeout", .text = &o.target.timeout },
		{ .name = "--tap", .flag = &o.is_tap },
		{ .name = "--echo", .flag = &o.is_echo },
		{ .name = "--list", .flag = &o.is_list },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "test", buf_str(&why));
	o.target.domain = n > 0 ? argv[1] : NULL;
	if (target_check(&o.target, &why) < 0)
		return cmd_usage(&commands, "test", buf_str(&why));
	if (!o.is_list)
		return run(&o);
	return probe_report_list(o.pattern) > 0 ? EXIT_SUCCESS
						: no_such_try(&o);
}
