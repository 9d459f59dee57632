/*
 * bench-relay - what a message costs on its whole way through a relay, from
 * the submission over TLS to the mailbox and to whom waits there in IDLE.
 *
 *	bench-relay [--senders N] [--messages N] [--mailboxes N] [--idle N]
 *	            [--recipients N,N,...] [--fresh] [--password TEXT]
 *	            ADDRESS PID
 *
 * The relay at ADDRESS runs already, below the process PID; a first login
 * creates an account, or `password` is that of all. Each of the senders
 * sends as soon as the last message was taken, but no more than WINDOW
 * deliveries are under way; --fresh connects and logs in for each message.
 * The recipients of a message are the next ones of the mailboxes, of which
 * --idle are waited for in IDLE. --messages counts deliveries: a message to
 * 50 is one of them 50 times.
 *
 * For each number of recipients: messages a second, times from the
 * submission's `250` to `EXISTS`, and what one message costs, by program.
 * At the end each mailbox is asked whether it has all of its messages.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/argument.h"
#include "bench/cost.h"
#include "bench/figures.h"
#include "bench/letter.h"
#include "bench/newcomer.h"
#include "lib/die.h"
#include "lib/num.h"
#include "tests/client/mail-client.h"
#include "tests/client/must.h"

enum {
	N_MAX = 1000000,
	ROUNDS_MAX = 8,
	LOOK_MSEC = 100,
	LISTEN_MSEC = 20,
	PATIENCE_SEC = 40,
	/* Deliveries that IDLE has not told of yet. */
	WINDOW = 100,
	/* The relay rests when it uses less in three looks one by one. */
	REST_USEC = 3000,
	REST_LOOKS = 3,
	REST_TRIES = 200,
	ARRIVAL_TRIES = 300,
};

struct account {
	char address[128];
	char password[32];
};

struct mailbox {
	struct account account;
	struct mail_client client; /* in IDLE */
	uint64_t n_sent, n_told;   /* since the account is there */
	double *sent_msec;         /* the time of the nth `250` */
};

static struct {
	uint64_t senders, messages, mailboxes, idle;
	uint64_t recipients[ROUNDS_MAX];
	size_t n_rounds;
	bool is_fresh;
	const char *password;
	const char *host;
	pid_t pid;
} options = {
	.senders = 8,
	.messages = 2000,
	.mailboxes = 60,
	.idle = 30,
	.recipients = { 1 },
	.n_rounds = 1,
};

static struct usage *usage;
static struct fsyncs *fsyncs;
static struct account *senders;
static struct mailbox *mailboxes;
static struct pollfd *fds;

/* Below: held by `lock`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static uint64_t n_messages, n_begun, n_recipients;
static size_t n_senders_left;
/* Below 0 when an EXISTS comes before its 250. */
static int64_t n_waiting;
static double *waits_msec;
static size_t n_waits;
static double told_sec; /* when an EXISTS came last */

static char *port_of(const char *port)
{
	return xasprintf("%s:%s", options.host, port);
}

static void invent(struct account *a)
{
	struct newcomer newcomer = newcomer_invent();

	snprintf(a->address, sizeof(a->address), "%s@[%s]", newcomer.name,
		options.host);
	snprintf(a->password, sizeof(a->password), "%s",
		options.password ? options.password : newcomer.password);
}

static void open_mailbox(struct mail_client *c, const struct account *a)
{
	AUTO_FREE char *imap = port_of("993");

	MUST(mail_client_open(c, imap, true, why));
	MUST(mail_client_imap_login(c, a->address, a->password, why));
}

static void open_submission(struct mail_client *c, const struct account *a)
{
	AUTO_FREE char *smtp = port_of("465");

	MUST(mail_client_open(c, smtp, true, why));
	MUST(mail_client_submission_login(c, a->address, a->password, why));
}

/* All accounts come into being before anything is measured. */
static void make_accounts(void)
{
	struct mail_client c;

	senders = xcalloc(options.senders, sizeof(*senders));
	for (size_t i = 0; i < options.senders; i++) {
		invent(&senders[i]);
		open_mailbox(&c, &senders[i]);
		mail_client_close(&c);
	}
	mailboxes = xcalloc(options.mailboxes, sizeof(*mailboxes));
	fds = xcalloc(options.mailboxes, sizeof(*fds));
	for (size_t i = 0; i < options.mailboxes; i++) {
		struct mailbox *m = &mailboxes[i];
		invent(&m->account);
		m->sent_msec = xcalloc(options.messages * options.n_rounds + 1,
			sizeof(*m->sent_msec));
		open_mailbox(&m->client, &m->account);
		fds[i].fd = -1;
		if (i >= options.idle) {
			mail_client_close(&m->client);
			continue;
		}
		MUST(mail_client_idle(&m->client, why));
		fds[i] = (struct pollfd){ m->client.fd, POLLIN, 0 };
	}
}

/* The number of the next message, or -1 when there is none. */
static int64_t next_message(void)
{
	int64_t i = -1;

	pthread_mutex_lock(&lock);
	while (n_waiting > WINDOW)
		pthread_cond_wait(&moved, &lock);
	if (n_begun < n_messages)
		i = (int64_t)n_begun++;
	pthread_mutex_unlock(&lock);
	return i;
}

static struct mailbox *recipient(uint64_t message, uint64_t k)
{
	return &mailboxes[(message * n_recipients + k) % options.mailboxes];
}

static void note_sent(uint64_t message)
{
	double now = figures_msec();

	pthread_mutex_lock(&lock);
	for (uint64_t k = 0; k < n_recipients; k++) {
		struct mailbox *m = recipient(message, k);
		if (m < mailboxes + options.idle) {
			m->sent_msec[m->n_sent] = now;
			n_waiting++;
		}
		m->n_sent++;
	}
	pthread_mutex_unlock(&lock);
}

static void submit(struct mail_client *c, const char *sender,
	struct slice letter, uint64_t message)
{
	char line[160];

	snprintf(line, sizeof(line), "MAIL FROM:<%s>", sender);
	MUST(mail_client_smtp(c, '2', line, why));
	for (uint64_t k = 0; k < n_recipients; k++) {
		snprintf(line, sizeof(line), "RCPT TO:<%s>",
			recipient(message, k)->account.address);
		MUST(mail_client_smtp(c, '2', line, why));
	}
	MUST(mail_client_smtp(c, '3', "DATA", why));
	MUST(mail_client_send(c, letter, why));
	MUST(mail_client_smtp(c, '2', ".", why));
	note_sent(message);
}

static void *run_sender(void *arg)
{
	const struct account *a = arg;
	AUTO_BUF struct buf letter = BUF_INIT(LETTER_MAX_BYTES);
	struct mail_client c = { 0 };
	bool is_open = false;
	int64_t i;

	letter_write(&letter, a->address);
	while ((i = next_message()) >= 0) {
		if (!is_open)
			open_submission(&c, a);
		submit(&c, a->address, buf_slice(&letter), (uint64_t)i);
		is_open = !options.is_fresh;
		if (!is_open)
			mail_client_close(&c);
	}
	if (is_open)
		mail_client_close(&c);
	pthread_mutex_lock(&lock);
	n_senders_left--;
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* Messages up to number n are there: the time each of them took. */
static void note_told(struct mailbox *m, uint64_t n)
{
	double now = figures_msec();

	pthread_mutex_lock(&lock);
	for (; m->n_told < n; m->n_told++) {
		double sent = m->sent_msec[m->n_told];
		waits_msec[n_waits++] = sent > 0 ? now - sent : 0;
		n_waiting--;
	}
	told_sec = now / 1e3;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&lock);
}

static void listen_to_all(void)
{
	struct slice line;

	if (poll(fds, options.mailboxes, LISTEN_MSEC) <= 0)
		return;
	for (size_t i = 0; i < options.idle; i++) {
		int r = 0;
		while (fds[i].revents &&
			(r = mail_client_line(&mailboxes[i].client, 0, &line)) >
				0) {
			uint64_t n = mail_client_exists_in(line);
			if (n > mailboxes[i].n_told)
				note_told(&mailboxes[i], n);
		}
		if (r < 0)
			die("%s: %s", mailboxes[i].account.address,
				strerror(-r));
	}
}

/* Messages that IDLE did not tell of: Dovecot alone loses some. */
static void give_up_waiting(void)
{
	pthread_mutex_lock(&lock);
	if (n_waiting > 0)
		printf("IDLE told nothing of %ld deliveries for %d s\n",
			n_waiting, PATIENCE_SEC);
	if (n_begun < n_messages)
		die("the relay takes no more messages");
	for (size_t i = 0; i < options.idle; i++)
		mailboxes[i].n_told = mailboxes[i].n_sent;
	n_waiting = 0;
	pthread_mutex_unlock(&lock);
}

static bool is_all_told(void)
{
	pthread_mutex_lock(&lock);
	bool is_done = n_senders_left == 0 && n_waiting == 0;
	pthread_mutex_unlock(&lock);
	return is_done;
}

/* What is not in IDLE may still be on its way. */
static void wait_for_rest(void)
{
	int n_quiet = 0;

	for (int i = 0; i < REST_TRIES && n_quiet < REST_LOOKS; i++) {
		double before = usage_cpu_sec(usage);
		poll(NULL, 0, LOOK_MSEC);
		usage_look(usage);
		bool is_quiet =
			(usage_cpu_sec(usage) - before) * 1e6 < REST_USEC;
		n_quiet = is_quiet ? n_quiet + 1 : 0;
	}
}

/* Seconds until the last EXISTS. */
static double send_all(void)
{
	AUTO_FREE pthread_t *threads =
		xcalloc(options.senders, sizeof(*threads));
	double began = figures_sec();

	n_senders_left = options.senders;
	for (size_t i = 0; i < options.senders; i++)
		if (pthread_create(
			    &threads[i], NULL, run_sender, &senders[i]) != 0)
			die("cannot start a thread");
	told_sec = began;
	while (!is_all_told() && figures_sec() - told_sec < PATIENCE_SEC)
		listen_to_all();
	double sec = told_sec - began;
	give_up_waiting();
	for (size_t i = 0; i < options.senders; i++)
		pthread_join(threads[i], NULL);
	return sec;
}

static void run_round(uint64_t recipients)
{
	AUTO_FREE double *waits =
		xcalloc(options.messages + recipients, sizeof(*waits));

	n_recipients = recipients;
	n_messages = options.messages / recipients;
	n_messages = n_messages ? n_messages : 1;
	n_begun = n_waits = 0;
	waits_msec = waits;
	cost_begin(usage);
	fsyncs_begin(fsyncs);
	double sec = send_all();
	cost_end();
	wait_for_rest();
	double cpu_msec = usage_cpu_sec(usage) * 1e3;
	printf("%lu recipients%s: %lu messages, %.0f deliveries a second, "
	       "CPU %.2f ms a message, %.2f ms a delivery\n",
		recipients, options.is_fresh ? ", fresh connections" : "",
		n_messages, (double)(n_messages * recipients) / sec,
		cpu_msec / (double)n_messages,
		cpu_msec / (double)(n_messages * recipients));
	if (n_waits)
		figures_print("  to EXISTS", waits, n_waits);
	cost_print(usage, fsyncs, n_messages);
}

static void must_have_all(struct mailbox *m)
{
	AUTO_FREE char *wanted = xasprintf("(MESSAGES %lu)", m->n_sent);
	struct mail_client c;
	struct slice line = SLICE_NONE;

	open_mailbox(&c, &m->account);
	for (int i = 0; i < ARRIVAL_TRIES; i++) {
		MUST(mail_client_send(
			&c, SLICE("s STATUS INBOX (MESSAGES)\r\n"), why));
		MUST(mail_client_until(&c, "* STATUS", &line, why));
		bool is_there = slice_ends(line, slice_of(wanted));
		MUST(mail_client_until(&c, "s OK", &line, why));
		if (is_there) {
			mail_client_close(&c);
			return;
		}
		poll(NULL, 0, LOOK_MSEC);
	}
	die("%s: got not all of %lu messages", m->account.address, m->n_sent);
}

static void read_recipients(const char *text)
{
	struct slice rest = slice_of(text), word = rest, after;

	for (options.n_rounds = 0; rest.len; options.n_rounds++) {
		if (!slice_cut(rest, ',', &word, &after)) {
			word = rest;
			after = SLICE_NONE;
		}
		rest = after;
		if (options.n_rounds == ROUNDS_MAX ||
			num_parse_max(word, N_MAX,
				&options.recipients[options.n_rounds]) < 0 ||
			!options.recipients[options.n_rounds])
			die("--recipients: numbers with commas between them");
	}
}

static void read_options(int argc, char **argv)
{
	static const struct option table[] = {
		{ "senders", required_argument, NULL, 's' },
		{ "messages", required_argument, NULL, 'm' },
		{ "mailboxes", required_argument, NULL, 'b' },
		{ "idle", required_argument, NULL, 'i' },
		{ "recipients", required_argument, NULL, 'r' },
		{ "password", required_argument, NULL, 'p' },
		{ "fresh", no_argument, NULL, 'f' },
		{ 0 },
	};
	uint64_t *const numbers[] = { &options.senders, &options.messages,
		&options.mailboxes, &options.idle };
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) >= 0) {
		const char *letter = strchr("smbi", c);
		if (letter)
			*numbers[letter - "smbi"] =
				argument_number(optarg, 0, N_MAX);
		else if (c == 'r')
			read_recipients(optarg);
		else if (c == 'p')
			options.password = optarg;
		else if (c == 'f')
			options.is_fresh = true;
		else
			die("see the head of bench-relay.c for the options");
	}
	if (optind + 2 != argc || !options.senders || !options.mailboxes ||
		options.idle > options.mailboxes)
		die("usage: bench-relay [OPTION...] ADDRESS PID");
	options.host = argv[optind];
	options.pid = (pid_t)argument_number(argv[optind + 1], 1, INT32_MAX);
}

static void end_trace(void)
{
	fsyncs_free(fsyncs);
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	if (kill(options.pid, 0) < 0)
		die("process %d does not exist", (int)options.pid);
	usage = usage_new(options.pid);
	fsyncs = fsyncs_new();
	/* Also when something fails: the kernel keeps its trace otherwise. */
	atexit(end_trace);
	make_accounts();
	for (size_t i = 0; i < options.n_rounds; i++) {
		if (options.recipients[i] > options.mailboxes)
			die("more recipients than mailboxes");
		run_round(options.recipients[i]);
	}
	for (size_t i = 0; i < options.mailboxes; i++)
		must_have_all(&mailboxes[i]);
	return 0;
}
