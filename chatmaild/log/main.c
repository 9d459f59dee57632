/*
 * chatmail-log - keeps what services say, without what it tells about
 * people, and not for long. See chatmail-log(8).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "chatmaild/log/scrub.h"
#include "chatmaild/log/store.h"
#include "lib/cmd.h"
#include "lib/die.h"
#include "lib/file.h"

enum {
	STATUS_USAGE = 2,
	/* The rest of a longer line is not kept. */
	LINE_MAX_BYTES = 4096,
	READ_BYTES = 65536,
	IN_MAX_BYTES = LINE_MAX_BYTES + READ_BYTES,
	OUT_MAX_BYTES = 4 * IN_MAX_BYTES,
	TIDY_SEC = 1800,
};

struct options {
	const char *dir; /* NULL: standard output */
	const char *own;
	bool wants_help;
	bool wants_version;
};

struct logger {
	struct options options;
	struct store store;
	struct buf in;
	struct buf out;
	bool is_skipping; /* the rest of a line that was too long */
	time_t tidied;
};

static volatile sig_atomic_t is_told_to_end;

static void on_term(int number UNUSED)
{
	is_told_to_end = 1;
}

static void keep(struct logger *l, struct slice line)
{
	struct timespec now;
	size_t before = l->out.len;

	if (!scrub_line(line, slice_of(l->options.own), &l->out))
		return;
	if (!l->options.dir) {
		buf_add_char(&l->out, '\n');
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	store_add(&l->store, &now, slice_from(buf_slice(&l->out), before));
	buf_reset(&l->out);
}

/* A piece up to a line feed, or more than a line may have. */
static void take_piece(struct logger *l, struct slice piece, bool is_ended)
{
	if (!l->is_skipping)
		keep(l, slice_head(piece, LINE_MAX_BYTES));
	l->is_skipping = !is_ended;
}

static void take_lines(struct logger *l)
{
	struct slice rest = buf_slice(&l->in), line;

	while (slice_cut(rest, '\n', &line, &rest))
		take_piece(l, line, true);
	if (rest.len >= LINE_MAX_BYTES || (l->is_skipping && rest.len > 0)) {
		take_piece(l, rest, false);
		rest = SLICE_NONE;
	}
	buf_consume(&l->in, l->in.len - rest.len);
}

static void flush(struct logger *l)
{
	if (l->options.dir)
		store_flush(&l->store, time(NULL));
	else if (fd_write_all(STDOUT_FILENO, buf_slice(&l->out)) < 0)
		is_told_to_end = 1;
	buf_reset(&l->out);
}

static void tidy(struct logger *l)
{
	time_t now = time(NULL);

	/* Also when the clock was set back. */
	if (!l->options.dir || (now >= l->tidied && now - l->tidied < TIDY_SEC))
		return;
	l->tidied = now;
	store_tidy(&l->store, now);
}

/* 1 something came, 0 nothing within the time, -1 the end. */
static int read_some(struct logger *l, const struct timespec *patience,
	const sigset_t *signals)
{
	struct pollfd poll = { .fd = STDIN_FILENO, .events = POLLIN };
	int n = ppoll(&poll, 1, patience, signals);

	if (n <= 0)
		return 0;
	char *room = buf_room(&l->in, READ_BYTES);
	ssize_t len = room ? read(STDIN_FILENO, room, READ_BYTES) : 0;
	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (len <= 0)
		return -1;
	buf_added(&l->in, (size_t)len);
	return 1;
}

/* When SIGTERM comes, the lines that have arrived are still written. */
static void run(struct logger *l)
{
	const struct timespec pause = { .tv_sec = TIDY_SEC }, none = { 0 };
	const struct sigaction action = { .sa_handler = on_term };
	sigset_t term, before;
	int r = 0;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	sigaction(SIGTERM, &action, NULL);
	while (r >= 0) {
		bool is_last = is_told_to_end;
		r = read_some(l, is_last ? &none : &pause, &before);
		if (r > 0)
			take_lines(l);
		else if (r == 0 && is_last)
			break;
		flush(l);
		tidy(l);
	}
	if (l->in.len > 0)
		take_piece(l, buf_slice(&l->in), true);
	flush(l);
}

static int parse(
	int argc, char **argv, struct options *options, struct buf *why)
{
	const struct cmd_option table[] = {
		{ "--own", &options->own, NULL },
		{ "--help", NULL, &options->wants_help },
		{ "--version", NULL, &options->wants_version },
	};
	int n = cmd_parse(argc, argv, table, ARRAY_LEN(table), 1, why);

	if (n < 0)
		return n;
	options->dir = n > 0 ? argv[1] : NULL;
	if (!options->own)
		options->own = "";
	return 0;
}

int main(int argc, char **argv)
{
	static const char usage[] = "usage: chatmail-log [--own ADDRESS] "
				    "[DIR]\n";
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct logger l = {
		.in = BUF_INIT(IN_MAX_BYTES),
		.out = BUF_INIT(OUT_MAX_BYTES),
		.tidied = time(NULL),
	};

	if (parse(argc, argv, &l.options, &why) < 0) {
		fprintf(stderr, "chatmail-log: %s\n%s", buf_str(&why), usage);
		return STATUS_USAGE;
	}
	if (l.options.wants_help || l.options.wants_version) {
		fputs(l.options.wants_help ? usage
					   : "chatmail-log " CHATMAIL_VERSION
					     "\n",
			stdout);
		return 0;
	}
	if (l.options.dir &&
		store_open(l.options.dir, time(NULL), &l.store, &why) < 0)
		die("%s; it must be a folder that this user may write to",
			buf_str(&why));
	run(&l);
	if (l.options.dir)
		store_close(&l.store);
	buf_release(&l.in);
	buf_release(&l.out);
	return 0;
}
