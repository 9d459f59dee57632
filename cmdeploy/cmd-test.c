/* cmdeploy test: tries a relay from outside, as strangers and apps see it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/folder/folder.h"
#include "cmdeploy/probe/probe.h"
#include "cmdeploy/probe/report.h"
#include "cmdeploy/say.h"
#include "lib/file.h"

struct test_options {
	const char *domain;
	const char *second;
	const char *dir;
	const char *ini;
	const char *junit;
	const char *pattern;
	bool is_tap;
	bool is_list;
};

/* A relay of `up`: its settings, and its address, which no name server has. */
static int take_folder(const char *dir, struct probe_relay *p, struct buf *why)
{
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	int r = folder_open_existing(dir, &relay, why);

	if (r < 0)
		return -ESRCH;
	if (folder_runner(&relay) <= 0)
		return because(why, -ESRCH,
			"the relay in %s does not run; \"%s up --dir %s\" "
			"starts it",
			dir, say_program(), dir);
	p->is_ours = true;
	p->is_in_folder = true;
	p->hosts[p->n_hosts++] = xstrdup(relay.address_text);
	p->config = relay.config;
	relay.config = (struct config){ 0 };
	return 0;
}

/* A relay of which only the name is known: the defaults stand for its own. */
static int take_stranger(
	const char *domain, struct probe_relay *p, struct buf *why)
{
	AUTO_FREE char *text =
		xasprintf("[params]\nmail_domain = %s\n", domain);

	if (!config_is_domain(slice_of(domain)))
		return because(why, -EINVAL,
			"\"%s\" is neither a DNS name nor an IP address",
			domain);
	return config_parse(
		slice_of(text), "defaults", &p->config, NULL, NULL, why);
}

/*
 * The settings that lie here, when they are of the relay that was named or
 * none was.
 */
static int take_settings(
	const struct test_options *o, struct probe_relay *p, struct buf *why)
{
	const char *ini = o->ini ? o->ini : command_ini();

	if (o->domain && !o->ini && !command_has_ini())
		return take_stranger(o->domain, p, why);
	int r = config_load(ini, &p->config, NULL, NULL, why);
	if (r < 0)
		return r;
	p->is_ours = !o->domain ||
		slice_eq_str_nocase(slice_of(o->domain), p->config.mail_domain);
	if (p->is_ours)
		return 0;
	config_release(&p->config);
	return take_stranger(o->domain, p, why);
}

/* Nothing was named: the folder of `up` when there is one. */
static const char *folder_of(const struct test_options *o)
{
	if (o->dir || o->domain || o->ini)
		return o->dir;
	return file_exists(DIR_DEFAULT "/state") ? DIR_DEFAULT : NULL;
}

static int open_probe(
	const struct test_options *o, struct probe_relay *p, struct buf *why)
{
	const char *dir = folder_of(o);
	int r = dir ? take_folder(dir, p, why) : take_settings(o, p, why);

	if (r < 0)
		return r;
	p->second = o->second;
	return probe_accounts_open(&p->accounts, p->config.mail_domain,
		p->config.address_domain, why);
}

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
		.why = BUF_INIT(BUF_WHY_MAX_BYTES),
		.note = BUF_INIT(PROBE_NOTE_MAX_BYTES),
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	int r = open_probe(o, &p, &why);

	/* Servers hang up; OpenSSL cannot be told to leave that unsignalled. */
	sigaction(SIGPIPE, &ignore, NULL);
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
	struct test_options o = { 0 };
	const struct cmd_option options[] = {
		{ .name = "--second", .text = &o.second },
		{ .name = "--dir", .text = &o.dir },
		{ .name = "--ini", .text = &o.ini },
		{ .name = "--config", .text = &o.ini },
		{ .name = "--junit", .text = &o.junit },
		{ .name = "-k", .text = &o.pattern },
		{ .name = "--tap", .flag = &o.is_tap },
		{ .name = "--list", .flag = &o.is_list },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "test", buf_str(&why));
	o.domain = n > 0 ? argv[1] : NULL;
	if (o.dir && (o.domain || o.ini))
		return cmd_usage(&commands, "test",
			"--dir names a relay of \"up\"; give it alone");
	if (!o.is_list)
		return run(&o);
	return probe_report_list(o.pattern) > 0 ? EXIT_SUCCESS
						: no_such_try(&o);
}
