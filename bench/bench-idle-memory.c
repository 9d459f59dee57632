/*
 * bench-idle-memory - what idle IMAP connections cost, and whether all of
 * them are told of their messages.
 *
 * Usage: bench-idle-memory IMAP LMTP DOMAIN PID [CONNECTIONS [MESSAGES]]
 *
 * IMAP is HOST:PORT with TLS from the first byte; LMTP is HOST:PORT or
 * unix:/path. Each connection belongs to an account of its own, which its
 * login creates. PID is the process whose descendants are the relay: their
 * PSS (proportional set size) is what memory means here.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/argument.h"
#include "bench/newcomer.h"
#include "cmdeploy/usage/gauge.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"
#include "tests/client/mail-client.h"
#include "tests/client/must.h"

enum {
	CONNECTIONS_DEFAULT = 2000,
	MESSAGES_DEFAULT = 5000,
	N_MAX = 1000000,
	PROCESSES_MAX = 65536,
	FILE_MAX_BYTES = 1 << 16,
	TOUCH_MSEC = 1000,
	/* So long nothing changed: nothing will. */
	STILL_SEC = 45,
	THREADS = 8,
};

#define LETTER "Subject: [...]\r\n\r\nHello.\r\n"

struct sleeper {
	struct mail_client client;
	char address[128];
	uint64_t n_sent, n_told;
};

struct bench {
	const char *imap;
	const char *domain;
	pid_t root;
	struct sleeper *sleepers;
	struct pollfd *fds;
	size_t n;
};

struct memory {
	uint64_t pss_kb;
	size_t n_processes;
	size_t n_imap;
};

struct process {
	pid_t pid;
	pid_t parent;
	bool is_ours;
	bool is_imap;
};

static time_t now_sec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static bool is_named(pid_t pid, const char *line)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/comm", (int)pid);
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);

	return file_read(path, &text, NULL) == 0 &&
		strcmp(buf_str(&text), line) == 0;
}

static size_t list_processes(struct process *v)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;
	size_t n = 0;

	if (!dir)
		die("/proc: %s", strerror(errno));
	while ((entry = readdir(dir)) && n < PROCESSES_MAX) {
		if (num_parse_u64(slice_of(entry->d_name), &pid) < 0)
			continue;
		v[n++] = (struct process){
			.pid = (pid_t)pid,
			.parent = (pid_t)gauge_number(
				(pid_t)pid, "status", "PPid:"),
		};
	}
	closedir(dir);
	return n;
}

/* Marks children of what is marked until there are no more. */
static void mark_ours(struct process *v, size_t n, pid_t root)
{
	for (bool is_new = true; is_new;) {
		is_new = false;
		for (size_t i = 0; i < n; i++) {
			bool is_ours = v[i].pid == root;
			for (size_t k = 0; k < n && !is_ours; k++)
				is_ours =
					v[k].is_ours && v[k].pid == v[i].parent;
			is_new |= is_ours && !v[i].is_ours;
			v[i].is_ours |= is_ours;
		}
	}
}

static struct memory look(const struct bench *b)
{
	AUTO_FREE struct process *v = xcalloc(PROCESSES_MAX, sizeof(*v));
	size_t n = list_processes(v);
	struct memory m = { 0 };

	mark_ours(v, n, b->root);
	for (size_t i = 0; i < n; i++) {
		if (!v[i].is_ours)
			continue;
		m.n_processes++;
		m.n_imap += is_named(v[i].pid, "imap\n");
		m.pss_kb += gauge_number(v[i].pid, "smaps_rollup", "Pss:");
	}
	return m;
}

static void say(const char *when, const struct memory *m,
	const struct memory *before, size_t n)
{
	printf("%-11s %8.1f MB PSS  %5zu processes  %5zu imap", when,
		(double)m->pss_kb / 1024, m->n_processes, m->n_imap);
	if (before)
		printf("  %6.1f KB a connection",
			((double)m->pss_kb - (double)before->pss_kb) /
				(double)n);
	putchar('\n');
	fflush(stdout);
}

static void log_in(struct bench *b, struct sleeper *s)
{
	struct newcomer newcomer = newcomer_invent();
	const char *known = getenv("BENCH_PASSWORD");

	snprintf(s->address, sizeof(s->address), "%s@%s", newcomer.name,
		b->domain);
	MUST(mail_client_open(&s->client, b->imap, true, why));
	MUST(mail_client_imap_login(&s->client, s->address,
		known ? known : newcomer.password, why));
	MUST(mail_client_idle(&s->client, why));
}

struct share {
	struct bench *bench;
	pthread_t thread;
	size_t first;
};

/* Every THREADS-th connection. */
static void *log_in_share(void *arg)
{
	const struct share *share = arg;
	struct bench *b = share->bench;

	for (size_t i = share->first; i < b->n; i += THREADS) {
		log_in(b, &b->sleepers[i]);
		b->fds[i] =
			(struct pollfd){ b->sleepers[i].client.fd, POLLIN, 0 };
	}
	return NULL;
}

static void log_all_in(struct bench *b)
{
	struct share shares[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		shares[i] = (struct share){ .bench = b, .first = i };
		int r = pthread_create(
			&shares[i].thread, NULL, log_in_share, &shares[i]);
		if (r)
			die("thread: %s", strerror(r));
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(shares[i].thread, NULL);
}

/* Takes what the servers have said; waits for it at most `msec`. */
static void listen_to_all(struct bench *b, int msec)
{
	struct slice line;

	if (poll(b->fds, b->n, msec) <= 0)
		return;
	for (size_t i = 0; i < b->n; i++) {
		struct sleeper *s = &b->sleepers[i];
		int r = 0;
		while (b->fds[i].revents &&
			(r = mail_client_line(&s->client, 0, &line)) > 0) {
			uint64_t n = mail_client_exists_in(line);
			s->n_told = n > s->n_told ? n : s->n_told;
		}
		if (r < 0) {
			fprintf(stderr, "connection %zu of %s: %s\n", i,
				s->address, strerror(-r));
			b->fds[i].fd = -1;
		}
	}
}

/* Until as few imap processes are left as will be. */
static struct memory wait_for_hibernation(struct bench *b)
{
	struct memory m = look(b);
	time_t changed = now_sec();

	while (m.n_imap > 0 && now_sec() - changed < STILL_SEC) {
		listen_to_all(b, TOUCH_MSEC);
		struct memory now = look(b);
		if (now.n_imap < m.n_imap)
			changed = now_sec();
		m = now;
	}
	return m;
}

static size_t count_untold(const struct bench *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->sleepers[i].n_sent - b->sleepers[i].n_told;
	return n;
}

static void deliver(struct bench *b, const char *lmtp, size_t n_messages)
{
	struct mail_client c;

	MUST(mail_client_open(&c, lmtp, false, why));
	MUST(mail_client_smtp(&c, '2', NULL, why));
	MUST(mail_client_smtp(&c, '2', "LHLO bench", why));
	for (size_t i = 0; i < n_messages; i++) {
		struct sleeper *s = &b->sleepers[i % b->n];
		struct mail_client_letter letter = { s->address, s->address,
			SLICE(LETTER) };
		MUST(mail_client_deliver(&c, &letter, why));
		s->n_sent++;
		listen_to_all(b, 0);
	}
	mail_client_close(&c);
}

/* The deliveries that were not told of within the clients' patience. */
static size_t wait_for_all(struct bench *b)
{
	size_t left = count_untold(b);
	time_t changed = now_sec();

	while (left && now_sec() - changed < MAIL_CLIENT_WAIT_MSEC / 1000) {
		listen_to_all(b, TOUCH_MSEC);
		size_t now = count_untold(b);
		if (now < left)
			changed = now_sec();
		left = now;
	}
	return left;
}

/* Each hibernated connection holds one inotify instance of one user. */
static void warn_of_inotify(size_t n_connections)
{
	static const char path[] = "/proc/sys/fs/inotify/max_user_instances";
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	uint64_t n;

	if (file_read(path, &text, NULL) == 0 &&
		num_parse_u64(slice_trim(buf_slice(&text)), &n) == 0 &&
		n < n_connections)
		printf("ATTENTION: no more than %lu of the %zu connections "
		       "can hibernate, and the others cost ten times as "
		       "much: sysctl fs.inotify.max_user_instances=65535\n",
			n, n_connections);
}

static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("descriptors: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc > 7)
		die("usage: bench-idle-memory IMAP LMTP DOMAIN PID "
		    "[CONNECTIONS [MESSAGES]]");
	struct bench b = {
		.imap = argv[1],
		.domain = argv[3],
		.root = (pid_t)argument_number(argv[4], 1, INT32_MAX),
		.n = argc > 5 ? argument_number(argv[5], 1, N_MAX)
			      : CONNECTIONS_DEFAULT,
	};
	size_t n_messages = argc > 6 ? argument_number(argv[6], 1, N_MAX)
				     : MESSAGES_DEFAULT;
	b.sleepers = xcalloc(b.n, sizeof(*b.sleepers));
	b.fds = xcalloc(b.n, sizeof(*b.fds));
	allow_descriptors();
	warn_of_inotify(b.n);
	struct memory before = look(&b);
	say("before", &before, NULL, b.n);
	log_all_in(&b);
	struct memory awake = look(&b);
	say("logged in", &awake, &before, b.n);
	struct memory asleep = wait_for_hibernation(&b);
	say("hibernated", &asleep, &before, b.n);
	time_t start = now_sec();
	deliver(&b, argv[2], n_messages);
	size_t n_untold = wait_for_all(&b);
	struct memory after = look(&b);
	say("delivered", &after, &before, b.n);
	printf("%zu messages, told of %zu, within %lld s\n", n_messages,
		n_messages - n_untold, (long long)(now_sec() - start));
	return n_untold ? 1 : 0;
}
