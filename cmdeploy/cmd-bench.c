/* cmdeploy bench: measures how fast a relay is, or two of them in turns. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmdeploy/bench/bench.h"
#include "cmdeploy/commands.h"
#include "cmdeploy/say.h"
#include "cmdeploy/target/target.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PAGE_MAX_BYTES = 8 << 20,
};

struct bench_options {
	struct target target;
	const char *vs, *vs_dir;
	const char *html;
	const char *rounds;
	uint64_t n_rounds;
	bool is_json;
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

static int write_page(const char *path, struct bench *b, struct buf *why)
{
	AUTO_BUF struct buf page = BUF_INIT(PAGE_MAX_BYTES);

	bench_html(b, &page);
	return file_write(path, buf_slice(&page),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
}

/* All that was asked for; whether all of it was measured. */
static int report(const struct bench_options *o, struct bench *b)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
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
	if (o->html && write_page(o->html, b, &why) < 0) {
		say_error("%s", buf_str(&why));
		status = EXIT_FAILURE;
	}
	return status;
}

static int run(const struct bench_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(bench_release))) struct bench b = {
		.n_rounds = (unsigned)o->n_rounds,
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

static int check(struct bench_options *o, struct buf *why)
{
	o->n_rounds = BENCH_ROUNDS;
	if (o->rounds &&
		(num_parse_max(slice_of(o->rounds), BENCH_ROUNDS_MAX,
			 &o->n_rounds) < 0 ||
			o->n_rounds == 0))
		return because(why, -EINVAL,
			"--rounds: give a number from 1 to %d",
			BENCH_ROUNDS_MAX);
	if (o->vs && o->vs_dir)
		return because(why, -EINVAL,
			"--vs and --vs-dir both name the second relay");
	return target_check(&o->target, why);
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
		{ .name = "--json", .flag = &o.is_json },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "bench", buf_str(&why));
	o.target.domain = n > 0 ? argv[1] : NULL;
	if (check(&o, &why) < 0)
		return cmd_usage(&commands, "bench", buf_str(&why));
	return run(&o);
}
