/*
 * bench-login - what a login over TLS costs a relay, and how many of them it
 * serves in a second.
 *
 *	bench-login [--people N] [--at-once N] ADDRESS PID DOVEAUTH
 *
 * The relay at ADDRESS runs already, below the process PID. All people log in,
 * so many at once, and out: for the first time, which creates their accounts;
 * again; and once more after doveauth (its PID) has been ended and started, so
 * that it remembers nobody. For each round: logins a second, the times from
 * connect(2) to the end of LOGIN, and CPU of the relay by program. The peer is
 * what crypt(3) alone does on all processors, just before.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bench/argument.h"
#include "bench/cost.h"
#include "bench/figures.h"
#include "bench/hashing.h"
#include "bench/newcomer.h"
#include "lib/die.h"
#include "tests/client/mail-client.h"
#include "tests/client/must.h"

enum {
	N_MAX = 100000,
	THREADS_MAX = 1000,
	LOOK_MSEC = 100,
	RESTART_TRIES = 100,
};

static struct {
	uint64_t people, at_once;
	const char *host;
	pid_t relay, doveauth;
} options = { .people = 2000, .at_once = 8 };

static struct newcomer *people;
static double *waits_msec;
static atomic_size_t n_begun;
static struct usage *usage;

static int log_in(const struct newcomer *who, struct buf *why)
{
	AUTO_FREE char *imap = xasprintf("%s:993", options.host);
	AUTO_FREE char *address = xasprintf("%s@[%s]", who->name, options.host);
	struct mail_client c = { 0 };
	int r = mail_client_open(&c, imap, true, why);

	if (r == 0)
		r = mail_client_imap_authenticate(
			&c, address, who->password, why);
	mail_client_close(&c);
	return r;
}

static void *run_people(void *arg)
{
	size_t i;

	while ((i = atomic_fetch_add(&n_begun, 1)) < options.people) {
		double began = figures_msec();
		MUST(log_in(&people[i], why));
		waits_msec[i] = figures_msec() - began;
	}
	return arg;
}

static void run_round(const char *what, double crypt_msec)
{
	pthread_t threads[THREADS_MAX];
	double n = (double)options.people;

	n_begun = 0;
	cost_begin(usage);
	double own = figures_own_sec(), began = figures_sec();
	for (size_t i = 0; i < options.at_once; i++)
		if (pthread_create(&threads[i], NULL, run_people, NULL) != 0)
			die("cannot start a thread");
	for (size_t i = 0; i < options.at_once; i++)
		pthread_join(threads[i], NULL);
	double sec = figures_sec() - began;
	own = figures_own_sec() - own;
	cost_end();
	double each = usage_cpu_sec(usage) * 1e3 / n;
	printf("%s: %lu logins, %lu at once, %.0f a second, CPU %.2f ms each, "
	       "%.2f of a crypt(3); ours %.2f ms\n",
		what, options.people, options.at_once, n / sec, each,
		each / crypt_msec, own * 1e3 / n);
	figures_print("  to the end", waits_msec, options.people);
	cost_print(usage, NULL, options.people);
}

/* Its supervisor starts it again; Dovecot waits for it. */
static void restart_doveauth(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct newcomer other = newcomer_invent();

	if (kill(options.doveauth, SIGTERM) < 0)
		die("doveauth (%d): %s", (int)options.doveauth,
			strerror(errno));
	for (int i = 0; i < RESTART_TRIES; i++) {
		poll(NULL, 0, LOOK_MSEC);
		if (kill(options.doveauth, 0) < 0 && log_in(&other, &why) == 0)
			return;
	}
	die("doveauth does not come back: %s", buf_str(&why));
}

static void read_options(int argc, char **argv)
{
	static const struct option table[] = {
		{ "people", required_argument, NULL, 'p' },
		{ "at-once", required_argument, NULL, 'a' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) >= 0) {
		if (c == 'p')
			options.people = argument_number(optarg, 1, N_MAX);
		else if (c == 'a')
			options.at_once =
				argument_number(optarg, 1, THREADS_MAX);
		else
			die("see the head of bench-login.c for the options");
	}
	if (optind + 3 != argc)
		die("usage: bench-login [OPTION...] ADDRESS PID DOVEAUTH");
	options.host = argv[optind];
	options.relay = (pid_t)argument_number(argv[optind + 1], 1, INT32_MAX);
	options.doveauth =
		(pid_t)argument_number(argv[optind + 2], 1, INT32_MAX);
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	people = xcalloc(options.people, sizeof(*people));
	waits_msec = xcalloc(options.people, sizeof(*waits_msec));
	for (size_t i = 0; i < options.people; i++)
		people[i] = newcomer_invent();
	usage = usage_new(options.relay);
	double crypt_msec;
	hashing_rate(people[0].password, &crypt_msec);
	printf("one of them takes a processor %.2f ms\n", crypt_msec);
	run_round("first", crypt_msec);
	run_round("again", crypt_msec);
	restart_doveauth();
	run_round("nobody is remembered", crypt_msec);
	return 0;
}
