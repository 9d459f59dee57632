/*
 * bench-notify - what chatmail-metadata does in a second, against a real
 * nginx with HTTP/2 and TLS on loopback.
 *
 *	bench-notify [-n NOTIFICATIONS] [-p PEER] [-b BACKLOG] [-u USERS]
 *	             PATH-OF-CHATMAIL-METADATA
 *
 * In a folder of its own below $TMPDIR (or /tmp): makes a certificate,
 * starts nginx (one worker, an RSA key, limits as Debian has them), and
 * prints
 *
 *	queue     files of the queue written a second, and synced ones
 *	peer      posts by four threads, each on a new HTTP/1.1 connection,
 *	          without queue or tokens: as other notifiers do it
 *	notify    from "a message has come" over the dict socket to what
 *	          nginx has counted, with CPU and memory of the service
 *	tokens    sets (synced) and gets of device tokens
 *	backlog   a restart with that many files in the queue: until the
 *	          service is ready, until all are sent; memory at the most
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "bench/figures.h"
#include "bench/loopback.h"
#include "bench/own-folder.h"
#include "bench/web-server.h"
#include "cmdeploy/usage/gauge.h"
#include "lib/addr.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PEERS = 4,
	QUEUE_FILES = 2000,
	TOKEN_OPS = 4000,
	PIPELINE = 200,
	TEXT_MAX_BYTES = 1 << 20,
};

extern char **environ;

static struct {
	uint64_t n, peer, backlog, users;
} options = { 30000, 2000, 200000, 1000 };

static char *dir, *socket_path;
static const char *program;
static pid_t service;

static void nap(void)
{
	poll(NULL, 0, 2);
}

static char *token_of(uint64_t i)
{
	return xasprintf("openpgp:bench%08lu%0200d", i, 7);
}

static void make_users(void)
{
	AUTO_FREE char *ini = xasprintf("%s/chatmail.ini", dir);
	AUTO_FREE char *text =
		xasprintf("[params]\nmail_domain = x.test\n"
			  "mailboxes_dir = %s/mail\nnotification_url = %s\n",
			dir, web_server_url());
	AUTO_FREE char *mail = xasprintf("%s/mail", dir);

	own_folder_write(ini, text);
	mkdir(mail, 0700);
	for (uint64_t i = 0; i < options.users; i++) {
		AUTO_FREE char *home = xasprintf("%s/u%08lu@x.test", mail, i);
		AUTO_FREE char *file = xasprintf("%s/metadata.json", home);
		AUTO_FREE char *token = token_of(i);
		AUTO_FREE char *json =
			xasprintf("{\"devicetoken\":{\"%s\":%ld}}", token,
				(long)time(NULL));
		mkdir(home, 0700);
		own_folder_write(file, json);
	}
}

static bool is_listening(void)
{
	AUTO_FREE char *address = xasprintf("unix:%s", socket_path);
	AUTO_CLOSE int fd = -1;
	struct addr addr;

	return addr_parse(address, &addr, NULL) == 0 &&
		addr_connect(&addr, &fd) == 0;
}

/* Returns when it answers; the log goes to a file. */
static double start_service(void)
{
	AUTO_FREE char *ini = xasprintf("%s/chatmail.ini", dir);
	AUTO_FREE char *log = xasprintf("%s/log", dir);
	char *argv[] = { (char *)program, socket_path, ini, NULL };
	posix_spawn_file_actions_t actions;
	double began = figures_sec();

	setenv("SSL_CERT_FILE", web_server_ca_path(), 1);
	unlink(socket_path);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
		&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (posix_spawn(&service, program, &actions, NULL, argv, environ) != 0)
		die("%s: cannot start", program);
	posix_spawn_file_actions_destroy(&actions);
	while (!is_listening()) {
		if (waitpid(service, NULL, WNOHANG) != 0)
			die("%s: does not start; see %s", program, log);
		nap();
	}
	return figures_sec() - began;
}

static void stop_service(void)
{
	kill(service, SIGTERM);
	waitpid(service, NULL, 0);
}

/* Answers are lines that begin with `good`. */
static void read_answers(int fd, uint64_t n, char good)
{
	char bytes[65536];
	bool is_start = true;

	while (n > 0) {
		ssize_t len = recv(fd, bytes, sizeof(bytes), 0);
		if (len <= 0)
			die("the service ended the connection");
		for (ssize_t i = 0; i < len; i++) {
			if (is_start && bytes[i] != good)
				die("the service refuses");
			is_start = bytes[i] == '\n';
			n -= is_start;
		}
	}
}

/* Adds request number i to *out. */
typedef void (*request_fn)(struct buf *out, uint64_t i);

static void ask(int fd, uint64_t n, request_fn request)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);

	for (uint64_t i = 0; i < n; i += PIPELINE) {
		uint64_t end = i + PIPELINE < n ? i + PIPELINE : n;
		buf_reset(&out);
		for (uint64_t k = i; k < end; k++)
			request(&out, k);
		if (fd_write_all(fd, buf_slice(&out)) < 0)
			die("the service ended the connection");
		read_answers(fd, end - i, 'O');
	}
}

static int dial_service(void)
{
	AUTO_FREE char *address = xasprintf("unix:%s", socket_path);
	int fd = loopback_dial(address);

	if (fd_write_all(fd, SLICE("H3\t2\t0\t\tmetadata\n")) < 0)
		die("%s: cannot write", socket_path);
	return fd;
}

static void add_message_new(struct buf *out, uint64_t i)
{
	buf_addf(out,
		"B%lu\tu%08lu@x.test\nS%lu\tpriv/x/vendor/vendor.dovecot/pvt/"
		"messagenew\t\nC%lu\n",
		i, i * 7919 % options.users, i, i);
}

static void add_token_set(struct buf *out, uint64_t i)
{
	buf_addf(out,
		"B%lu\tu%08lu@x.test\nS%lu\tpriv/x/devicetoken\tnew%lu\nC%lu\n",
		i, i * 7919 % options.users, i, i, i);
}

static void add_token_get(struct buf *out, uint64_t i)
{
	buf_addf(out, "Lpriv/x/devicetoken\tu%08lu@x.test\n",
		i * 7919 % options.users);
}

static double bench_notify(void)
{
	uint64_t before = web_server_count();
	AUTO_CLOSE int fd = -1;

	start_service();
	fd = dial_service();
	double began = figures_sec();
	ask(fd, options.n, add_message_new);
	double queued = figures_sec() - began;
	web_server_wait(before, options.n);
	double seconds = figures_sec() - began;
	double rate = (double)options.n / seconds;
	printf("notify: %lu in %.2f s, rate=%.0f/s queued_at=%.0f/s "
	       "cpu=%.3f ms each, peak %lu KB\n",
		options.n, seconds, rate, (double)options.n / queued,
		gauge_cpu_sec(service) * 1e3 / (double)options.n,
		gauge_number(service, "status", "VmHWM:"));
	return rate;
}

static void bench_tokens(void)
{
	AUTO_CLOSE int fd = dial_service();
	double began = figures_sec();

	ask(fd, TOKEN_OPS, add_token_set);
	double sets = TOKEN_OPS / (figures_sec() - began);
	began = figures_sec();
	ask(fd, 10 * TOKEN_OPS, add_token_get);
	double reads = 10 * TOKEN_OPS / (figures_sec() - began);
	printf("tokens: sets=%.0f/s reads=%.0f/s\n", sets, reads);
}

struct peer {
	pthread_t thread;
	uint64_t n;
	uint64_t n_failed;
};

static size_t ignore_body(
	char *ptr UNUSED, size_t size, size_t n, void *owner UNUSED)
{
	return size * n;
}

static void *run_peer(void *arg)
{
	struct peer *peer = arg;
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, web_server_url());
	curl_easy_setopt(easy, CURLOPT_CAINFO, web_server_ca_path());
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(
		easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_body);
	for (uint64_t i = 0; i < peer->n; i++) {
		AUTO_FREE char *token = token_of(i);
		long status = 0;
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, token);
		if (curl_easy_perform(easy) != CURLE_OK ||
			curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE,
				&status) != CURLE_OK ||
			status != 200)
			peer->n_failed++;
	}
	curl_easy_cleanup(easy);
	return NULL;
}

static double bench_peer(void)
{
	struct peer peers[PEERS] = { 0 };
	uint64_t n_failed = 0;
	double began = figures_sec();

	for (int i = 0; i < PEERS; i++) {
		peers[i].n = options.peer / PEERS;
		if (pthread_create(
			    &peers[i].thread, NULL, run_peer, &peers[i]) != 0)
			die("cannot start a thread");
	}
	for (int i = 0; i < PEERS; i++) {
		pthread_join(peers[i].thread, NULL);
		n_failed += peers[i].n_failed;
	}
	double rate = (double)options.peer / (figures_sec() - began);
	if (n_failed)
		die("peer: %lu posts failed", n_failed);
	printf("peer: %lu posts, rate=%.0f/s\n", options.peer, rate);
	return rate;
}

static double write_queue(uint64_t n, bool is_synced)
{
	AUTO_FREE char *folder =
		xasprintf("%s/mail/pending_notifications", dir);
	double began = figures_sec();

	mkdir(folder, 0700);
	for (uint64_t i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%016lx", folder, i);
		AUTO_FREE char *tmp = xasprintf("%s.tmp", path);
		AUTO_FREE char *token = token_of(i);
		AUTO_FREE char *text = xasprintf("u%08lu@x.test\n%ld\n%s",
			i % options.users, (long)time(NULL), token);
		own_folder_write(tmp, text);
		if (is_synced) {
			AUTO_CLOSE int fd = open(tmp, O_RDONLY | O_CLOEXEC);
			fsync(fd);
		}
		if (rename(tmp, path) < 0)
			die("%s: cannot rename", path);
	}
	return (double)n / (figures_sec() - began);
}

static void clear_queue(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		AUTO_FREE char *path = xasprintf(
			"%s/mail/pending_notifications/%016lx", dir, i);
		unlink(path);
	}
}

static void bench_queue(void)
{
	double plain = write_queue(QUEUE_FILES, false);

	clear_queue(QUEUE_FILES);
	double synced = write_queue(QUEUE_FILES / 10, true);
	clear_queue(QUEUE_FILES / 10);
	printf("queue: written=%.0f/s synced=%.0f/s\n", plain, synced);
}

static void bench_backlog(void)
{
	write_queue(options.backlog, false);
	uint64_t before = web_server_count();
	double began = figures_sec();
	double ready = start_service();
	uint64_t idle_kb = gauge_number(service, "status", "VmRSS:");
	web_server_wait(before, options.backlog);
	printf("backlog: %lu taken up in %.2f s (%lu KB), sent in %.1f s, "
	       "peak %lu KB\n",
		options.backlog, ready, idle_kb, figures_sec() - began,
		gauge_number(service, "status", "VmHWM:"));
	stop_service();
}

static void read_options(int argc, char **argv)
{
	static const struct {
		char letter;
		uint64_t *value;
	} letters[] = {
		{ 'n', &options.n },
		{ 'p', &options.peer },
		{ 'b', &options.backlog },
		{ 'u', &options.users },
	};
	int c;

	while ((c = getopt(argc, argv, "n:p:b:u:")) >= 0) {
		size_t i = 0;
		while (i < ARRAY_LEN(letters) && letters[i].letter != c)
			i++;
		if (i == ARRAY_LEN(letters) ||
			num_parse_max(slice_of(optarg), 10000000,
				letters[i].value) < 0)
			die("see the head of bench-notify.c for the options");
	}
	if (optind + 1 != argc || options.users == 0 || options.n == 0)
		die("usage: bench-notify [-n N] [-p N] [-b N] [-u N] PROGRAM");
	program = argv[optind];
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	read_options(argc, argv);
	dir = own_folder_make("bench-notify");
	chmod(dir, 0755);
	socket_path = xasprintf("%s/socket", dir);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	web_server_start(dir);
	make_users();
	bench_queue();
	double peer = bench_peer();
	double rate = bench_notify();
	bench_tokens();
	stop_service();
	printf("ratio: %.1f\n", rate / peer);
	if (options.backlog)
		bench_backlog();
	web_server_stop();
	dir_remove(dir);
	free(dir);
	free(socket_path);
	return 0;
}
