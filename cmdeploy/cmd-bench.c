/*
 * cmdeploy bench: measures how fast a relay is, or two of them in turns, or
 * how much one carries.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmdeploy/bench/bench.h"
#include "cmdeploy/commands.h"
#include "cmdeploy/host/ssh.h"
#include "cmdeploy/load/load.h"
#include "cmdeploy/say.h"
#include "cmdeploy/target/target.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PAGE_MAX_BYTES = 8 << 20,
	LOAD_USERS = 100,
	LOAD_RATE = 5,
	LOAD_SECONDS = 30,
	PROGRESS_MSEC = 200,
};

struct bench_options {
	struct target target;
	const char *vs, *vs_dir;
	const char *html;
	const char *rounds;
	uint64_t n_rounds;
	bool is_json, is_echo;
	bool is_load, is_until_slow;
	const char *users, *rate, *seconds, *ssh_host;
	uint64_t n_users, n_seconds, rate_hundredths;
};

/* On a line that the next one replaces; not into a file. */
static void show_progress(
	const char *what, const char *domain, unsigned round, unsigned n_rounds)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K  %s: %s, %u of %u", domain, what, round,
		n_rounds);
}

static void end_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void show_load(const char *what, uint64_t n, uint64_t of)
{
	static uint64_t shown;
	uint64_t now = clock_msec();

	if (!isatty(STDERR_FILENO) || now - shown < PROGRESS_MSEC)
		return;
	shown = now;
	fprintf(stderr, "\r\033[K  %s: %lu of %lu", what, (unsigned long)n,
		(unsigned long)of);
}

static int open_side(
	struct bench *b, const struct target *target, struct buf *why)
{
	struct bench_side *side = &b->sides[b->n_sides++];

	side->relay.accounts.lock_fd = -1;
	side->relay.why = BUF_INIT(BUF_WHY_MAX_BYTES);
	side->relay.note = BUF_INIT(PROBE_NOTE_MAX_BYTES);
	return target_open(target, &side->relay, why);
}

static int open_sides(
	const struct bench_options *o, struct bench *b, struct buf *why)
{
	const struct target other = {
		.here = o->target.here,
		.domain = o->vs,
		.dir = o->vs_dir,
		.answer_sec = o->target.answer_sec,
	};
	int r = open_side(b, &o->target, why);

	if (r < 0 || (!o->vs && !o->vs_dir))
		return r;
	r = open_side(b, &other, why);
	const char *first = b->sides[0].relay.config.mail_domain;
	const char *second = b->sides[1].relay.config.mail_domain;
	if (!second || strcmp(first, second) != 0)
		return r;
	buf_reset(why);
	return because(why, -EEXIST,
		"both are %s; name another relay to compare with", first);
}

/* 0, or EXIT_FAILURE when it has said why not. */
static int write_page(const char *path, const struct buf *page)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = file_write(path, buf_slice(page),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, &why);

	if (r < 0)
		say_error("%s", buf_str(&why));
	return r < 0 ? EXIT_FAILURE : 0;
}

/* All that was asked for; whether all of it was measured. */
static int report(const struct bench_options *o, struct bench *b)
{
	AUTO_BUF struct buf page = BUF_INIT(PAGE_MAX_BYTES);
	AUTO_BUF struct buf json = BUF_INIT(PAGE_MAX_BYTES);
	int status = EXIT_SUCCESS;

	if (o->is_json) {
		bench_json(b, &json);
		fputs(buf_str(&json), stdout);
	} else {
		bench_report(b);
	}
	for (size_t i = 0; i < b->n_sides; i++) {
		if (!b->sides[i].failure)
			continue;
		say_error("%s: %s; \"%s test\" tells more",
			b->sides[i].relay.config.mail_domain,
			b->sides[i].failure, say_program());
		status = EXIT_FAILURE;
	}
	if (!o->html)
		return status;
	bench_html(b, &page);
	return write_page(o->html, &page) ? EXIT_FAILURE : status;
}

static int run(const struct bench_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(bench_release))) struct bench b = {
		.n_rounds = (unsigned)o->n_rounds,
		.is_echo = o->is_echo,
		.progress = show_progress,
	};
	int r = open_sides(o, &b, &why);

	if (r < 0) {
		say_error("%s", buf_str(&why));
		return r == -ESRCH ? EXIT_NOT_RUNNING : EXIT_FAILURE;
	}
	if (!o->is_json)
		say_bold("Measuring %s%s%s, %u round%s",
			b.sides[0].relay.config.mail_domain,
			b.n_sides > 1 ? " and " : "",
			b.n_sides > 1 ? b.sides[1].relay.config.mail_domain
				      : "",
			b.n_rounds, b.n_rounds == 1 ? "" : "s");
	bench_run(&b);
	end_progress();
	return report(o, &b);
}

static int report_load(const struct bench_options *o, struct load *l)
{
	AUTO_BUF struct buf json = BUF_INIT(PAGE_MAX_BYTES);
	AUTO_BUF struct buf page = BUF_INIT(PAGE_MAX_BYTES);

	if (o->is_json) {
		load_json(l, &json);
		fputs(buf_str(&json), stdout);
	} else {
		load_report(l);
	}
	if (o->html) {
		load_html(l, &page);
		if (write_page(o->html, &page))
			return EXIT_FAILURE;
	}
	if (o->is_until_slow)
		return l->best_rate > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	return round_is_whole(&l->rounds[0]) && !l->rounds[0].sum.refused
		? EXIT_SUCCESS
		: EXIT_FAILURE;
}

/* Where to look at the relay's processes, when that was named. */
static int find_server(const struct bench_options *o, struct ssh_host *ssh,
	const struct host **ret_host, struct buf *why)
{
	if (!o->ssh_host)
		return 0;
	*ret_host = &host_local;
	if (strcmp(o->ssh_host, HOST_LOCAL) == 0)
		return geteuid() == 0
			? 0
			: because(why, -EPERM,
				  "only root sees what others' processes take; "
				  "try it with sudo");
	*ret_host = &ssh->host;
	int r = ssh_open(o->ssh_host, ssh, why);
	return r < 0 ? r : ssh_connect(ssh, why);
}

static int run_load(const struct bench_options *o)
{
	__attribute__((cleanup(ssh_close))) struct ssh_host ssh = { 0 };
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE struct load *l = xcalloc(1, sizeof(*l));

	l->relay.accounts.lock_fd = -1;
	l->relay.why = BUF_INIT(BUF_WHY_MAX_BYTES);
	l->server.why = BUF_INIT(BUF_WHY_MAX_BYTES);
	l->n_users = o->n_users;
	l->n_sec = o->n_seconds;
	l->rate = (double)o->rate_hundredths / 100;
	l->is_until_slow = o->is_until_slow;
	l->progress = show_load;
	int r = target_open(&o->target, &l->relay, &why);
	if (r == 0 && o->ssh_host && l->relay.pid > 0)
		r = because(&why, -EINVAL,
			"a relay of --dir is seen without --ssh-host");
	if (r == 0)
		r = load_check(l, &why);
	if (r == 0)
		r = find_server(o, &ssh, &l->server.host, &why);
	if (r == 0 && !o->is_json)
		say_bold("Load on %s: %lu users, from %.2f messages a second",
			l->relay.config.mail_domain, (unsigned long)l->n_users,
			l->rate);
	if (r == 0)
		r = load_run(l, &why);
	end_progress();
	if (r < 0)
		say_error("%s", buf_str(&why));
	int status = r == 0 ? report_load(o, l) : EXIT_FAILURE;
	load_release(l);
	return r == -ESRCH ? EXIT_NOT_RUNNING : status;
}

/* A whole number from `least` to `most`; NULL leaves *ret_n as it is. */
static int read_number(const char *name, const char *text, uint64_t least,
	uint64_t most, uint64_t *ret_n, struct buf *why)
{
	uint64_t n;

	if (!text)
		return 0;
	if (num_parse_max(slice_of(text), most, &n) < 0 || n < least)
		return because(why, -EINVAL,
			"%s: give a number from %lu to %lu", name,
			(unsigned long)least, (unsigned long)most);
	*ret_n = n;
	return 0;
}

static int read_rate(struct bench_options *o, struct buf *why)
{
	o->rate_hundredths = LOAD_RATE * 100;
	if (!o->rate ||
		(num_parse_hundredths(slice_of(o->rate), &o->rate_hundredths) ==
				0 &&
			o->rate_hundredths > 0 &&
			o->rate_hundredths <= LOAD_RATE_MAX * 100))
		return 0;
	return because(why, -EINVAL,
		"--rate: give messages a second, from 0.01 to %d",
		LOAD_RATE_MAX);
}

static int check_load(struct bench_options *o, struct buf *why)
{
	o->n_users = LOAD_USERS;
	o->n_seconds = LOAD_SECONDS;
	if (!o->is_load &&
		(o->users || o->rate || o->seconds || o->ssh_host ||
			o->is_until_slow))
		return because(why, -EINVAL,
			"--users, --rate, --seconds, --ssh-host and "
			"--until-slow belong to --load");
	if (o->is_load && (o->vs || o->vs_dir || o->rounds))
		return because(why, -EINVAL,
			"--load goes without --vs, --vs-dir and --rounds");
	if (o->ssh_host && o->target.dir)
		return because(why, -EINVAL,
			"a relay of --dir is seen without --ssh-host");
	int r = read_number(
		"--users", o->users, 2, LOAD_USERS_MAX, &o->n_users, why);
	if (r == 0)
		r = read_number("--seconds", o->seconds, 1, LOAD_SECONDS_MAX,
			&o->n_seconds, why);
	return r < 0 ? r : read_rate(o, why);
}

static int check(struct bench_options *o, struct buf *why)
{
	o->n_rounds = BENCH_ROUNDS;
	int r = read_number(
		"--rounds", o->rounds, 1, BENCH_ROUNDS_MAX, &o->n_rounds, why);
	if (r == 0 && o->vs && o->vs_dir)
		r = because(why, -EINVAL,
			"--vs and --vs-dir both name the second relay");
	if (r == 0 && o->is_echo && (o->vs || o->vs_dir || o->is_load))
		r = because(why, -EINVAL,
			"--echo goes without --vs, --vs-dir and --load");
	if (r == 0)
		r = check_load(o, why);
	return r < 0 ? r : target_check(&o->target, why);
}

int cmd_bench(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct bench_options o = {
		.target.here = { DIR_DEFAULT, command_ini(),
			command_has_ini() },
	};
	const struct cmd_option options[] = {
		{ .name = "--vs", .text = &o.vs },
		{ .name = "--vs-dir", .text = &o.vs_dir },
		{ .name = "--dir", .text = &o.target.dir },
		{ .name = "--ini", .text = &o.target.ini },
		{ .name = "--config", .text = &o.target.ini },
		{ .name = "--rounds", .text = &o.rounds },
		{ .name = "--html", .text = &o.html },
		{ .name = "--timeout", .text = &o.target.timeout },
		{ .name = "--users", .text = &o.users },
		{ .name = "--rate", .text = &o.rate },
		{ .name = "--seconds", .text = &o.seconds },
		{ .name = "--ssh-host", .text = &o.ssh_host },
		{ .name = "--load", .flag = &o.is_load },
		{ .name = "--until-slow", .flag = &o.is_until_slow },
		{ .name = "--echo", .flag = &o.is_echo },
		{ .name = "--json", .flag = &o.is_json },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "bench", buf_str(&why));
	o.target.domain = n > 0 ? argv[1] : NULL;
	if (check(&o, &why) < 0)
		return cmd_usage(&commands, "bench", buf_str(&why));
	return o.is_load ? run_load(&o) : run(&o);
}
