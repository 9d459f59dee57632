/*
 * bench-doveauth - what doveauth does in a second.
 *
 *   bench-doveauth PATH-OF-DOVEAUTH [PART-OF-A-ROW'S-NAME]
 *
 * Starts it on a mail folder of its own below $TMPDIR (or /tmp), asks it
 * as Dovecot does, and prints a table: rate, latency, CPU of the
 * service. Lookups, one at a time, stand beside what a process does that
 * answers the same bytes without looking at them; creations beside what
 * crypt(3) alone does on all processors with passwords of the same length.
 * Both are measured just before.
 */
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sodium/utils.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bench/hashing.h"
#include "bench/own-folder.h"
#include "cmdeploy/usage/gauge.h"
#include "lib/addr.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	USERS = 1000,
	CONNECTIONS_MAX = 128,
	LOOKUPS = 100000,
	CREATIONS = 2000,
	LINE_MAX_BYTES = 4096,
	REQUEST_BYTES = 38,
	ANSWER_BYTES = 128,
	USEC = 1000000,
	PATIENCE_USEC = 5 * USEC,
};

#define PASSWORD "twelve-chars"

extern char **environ;

/* What a connection asks for, again and again. */
enum request {
	LOOKUP,   /* of a user */
	LOGIN,    /* of a user, again and again */
	CREATION, /* a login of somebody new each time */
};

struct lane {
	int fd;
	enum request request;
	uint64_t sent_at;
	struct buf in;
};

struct run {
	const char *what;
	enum request request; /* what is measured */
	int n_lanes;          /* connections that ask it */
	int n_creating;       /* further ones, which create accounts */
	uint64_t n;           /* requests */
};

struct result {
	double seconds, cpu_ms;
	uint64_t *usec;
	uint64_t n;
};

static char *dir, *folder;
static pid_t service;
static uint64_t service_began;
static uint64_t next_new;

static uint64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * USEC + (uint64_t)t.tv_nsec / 1000;
}

static void make_folders(void)
{
	static const char *const names[] = { "login", "smtp", "master",
		"filter" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, names[i]);
		if (dir_make(path, 0700, NULL) < 0)
			die("%s: cannot make", path);
	}
}

static void make_users(void)
{
	AUTO_FREE char *ini = xasprintf("%s/chatmail.ini", dir);
	AUTO_FREE char *text =
		xasprintf("[params]\nmail_domain = x.test\n"
			  "mailboxes_dir = %s/mail\nmax_load_1m = 100000\n"
			  "min_free_disk_space = 0\n",
			dir);
	AUTO_FREE char *mail = xasprintf("%s/mail", dir);
	const char *hash = crypt(PASSWORD, "$6$saltsaltsaltsalt");
	AUTO_FREE char *line = xasprintf("{SHA512-CRYPT}%s", hash);

	own_folder_write(ini, text);
	if (mkdir(mail, 0700) < 0)
		die("%s: cannot make", mail);
	for (int i = 0; i < USERS; i++) {
		AUTO_FREE char *home = xasprintf("%s/user%05d@x.test", mail, i);
		AUTO_FREE char *file = xasprintf("%s/password", home);
		if (mkdir(home, 0700) < 0)
			die("%s: cannot make", home);
		own_folder_write(file, line);
	}
}

/* Until it says that it is ready; the rest of its log is not read. */
static uint64_t start_service(const char *path)
{
	AUTO_FREE char *ini = xasprintf("%s/chatmail.ini", dir);
	char *argv[] = { (char *)path, folder, ini, NULL };
	posix_spawn_file_actions_t actions;
	char byte;
	int pipe_fds[2];

	service_began = now_usec();
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		die("pipe: cannot make");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 2);
	if (posix_spawn(&service, path, &actions, NULL, argv, environ) != 0)
		die("%s: cannot start", path);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	if (read(pipe_fds[0], &byte, 1) != 1 || byte != '<')
		die("%s: does not start", path);
	return now_usec() - service_began;
}

static double service_cpu_ms(void)
{
	return gauge_cpu_sec(service) * 1e3;
}

/* Greeted; the greeting is read with the first answer, whose end it is not. */
static int connect_service(const char *name)
{
	AUTO_FREE char *text = xasprintf("unix:%s/%s/auth", folder, name);
	char greeting[512];
	struct addr addr;
	int fd;

	if (addr_parse(text, &addr, NULL) < 0)
		die("%s: cannot connect", text);
	/* A first line in its log may be a warning, before it listens. */
	while (addr_connect(&addr, &fd) < 0) {
		if (kill(service, 0) < 0 ||
			now_usec() > service_began + PATIENCE_USEC)
			die("%s: cannot connect", text);
		poll(NULL, 0, 1);
	}
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	if (fd_write_all(fd, SLICE("VERSION\t1\t2\n")) < 0 ||
		poll(&ready, 1, PATIENCE_USEC / 1000) != 1 ||
		recv(fd, greeting, sizeof(greeting), 0) <= 0)
		die("%s: no greeting", text);
	return fd;
}

/* AUTH of a user whose name has 9 letters. */
static int print_login(char *line, size_t size, const char *name)
{
	char plain[64] = { 0 }, response[128];

	int len = snprintf(plain + 1, sizeof(plain) - 1, "%s@x.test%c" PASSWORD,
			  name, '\0') +
		1;
	sodium_bin2base64(response, sizeof(response), (unsigned char *)plain,
		(size_t)len, sodium_base64_VARIANT_ORIGINAL);
	return snprintf(line, size,
		"AUTH\t1\tPLAIN\tservice=imap\tnologin\tresp=%s\n", response);
}

static void send_request(struct lane *lane, uint64_t i)
{
	char line[256], name[16];
	int len;

	if (lane->request == CREATION)
		snprintf(name, sizeof(name), "n%08" PRIu64, next_new++);
	else
		snprintf(name, sizeof(name), "user%05d",
			(int)(i * 7919 % USERS));
	if (lane->request == LOOKUP)
		len = snprintf(line, sizeof(line),
			"USER\t1\t%s@x.test\tservice=lmtp\n", name);
	else
		len = print_login(line, sizeof(line), name);
	lane->sent_at = now_usec();
	if (send(lane->fd, line, (size_t)len, MSG_NOSIGNAL) != len)
		die("cannot send a request");
}

/* true when a whole answer is there, and it was the right one. */
static bool read_answer(struct lane *lane)
{
	char *room = buf_room(&lane->in, 1024);
	ssize_t n = room ? recv(lane->fd, room, 1024, 0) : -1;

	if (n <= 0)
		die("the service ended the connection");
	buf_added(&lane->in, (size_t)n);
	if (lane->in.ptr[lane->in.len - 1] != '\n')
		return false;
	if (!slice_starts(buf_slice(&lane->in),
		    lane->request == LOOKUP ? SLICE("USER\t1\t")
					    : SLICE("OK\t1\t")))
		die("wrong answer: %s", buf_str(&lane->in));
	buf_reset(&lane->in);
	return true;
}

static void open_lanes(struct lane *lanes, const struct run *run, int epoll)
{
	for (int i = 0; i < run->n_lanes + run->n_creating; i++) {
		enum request request =
			i < run->n_lanes ? run->request : CREATION;
		struct epoll_event event = { .events = EPOLLIN };
		lanes[i] = (struct lane){
			.fd = connect_service(
				request == LOOKUP ? "master" : "login"),
			.request = request,
			.in = BUF_INIT(LINE_MAX_BYTES),
		};
		event.data.ptr = &lanes[i];
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, lanes[i].fd, &event) < 0)
			die("epoll: cannot add");
		send_request(&lanes[i], (uint64_t)i);
	}
}

static void take(
	struct lane *lane, const struct run *run, struct result *result)
{
	if (!read_answer(lane))
		return;
	if (lane->request == run->request && result->n < run->n)
		result->usec[result->n++] = now_usec() - lane->sent_at;
	send_request(lane, result->n);
}

/* What was under way when a run ended must not burden the next one. */
static void wait_until_idle(void)
{
	struct timespec pause = { .tv_nsec = 20000000 };
	double before, after = service_cpu_ms();

	do {
		before = after;
		nanosleep(&pause, NULL);
		after = service_cpu_ms();
	} while (after > before);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Each connection has one request under way. */
static struct result measure(const struct run *run)
{
	static struct lane lanes[CONNECTIONS_MAX];
	struct epoll_event events[CONNECTIONS_MAX];
	AUTO_CLOSE int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct result result = { .usec = xcalloc(run->n, sizeof(uint64_t)) };
	double cpu = service_cpu_ms();
	uint64_t began = now_usec();

	open_lanes(lanes, run, epoll);
	while (result.n < run->n) {
		int n = epoll_wait(epoll, events, CONNECTIONS_MAX, 10000);
		if (n <= 0)
			die("%s: no answer within 10 seconds", run->what);
		for (int i = 0; i < n; i++)
			take(events[i].data.ptr, run, &result);
	}
	result.seconds = (double)(now_usec() - began) / USEC;
	result.cpu_ms = service_cpu_ms() - cpu;
	for (int i = 0; i < run->n_lanes + run->n_creating; i++) {
		fd_close(&lanes[i].fd);
		buf_release(&lanes[i].in);
	}
	wait_until_idle();
	qsort(result.usec, result.n, sizeof(uint64_t), compare);
	return result;
}

static void print_run(const struct run *run, double peer_rate)
{
	struct result r = measure(run);
	double rate = (double)r.n / r.seconds;

	printf("%-44s %9.0f %8.2f %8.2f %8.3f", run->what, rate,
		(double)r.usec[r.n / 2] / 1e3,
		(double)r.usec[r.n * 99 / 100] / 1e3, r.cpu_ms / (double)r.n);
	if (peer_rate > 0)
		printf("   %.2f of %s", rate / peer_rate,
			run->request == CREATION || run->n == USERS ? "crypt"
								    : "bare");
	putchar('\n');
	free(r.usec);
}

/* A request comes, as many bytes go as an answer has: nothing else. */
static void NORETURN answer_blindly(int fd)
{
	char bytes[ANSWER_BYTES] = { 0 };
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		if (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0)
			break;
	_exit(0);
}

/* Round trips a second between two processes: the machine's limit. */
static double bare_round_trips(void)
{
	char bytes[ANSWER_BYTES] = { 0 };
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		die("socketpair: cannot make");
	pid_t child = fork();
	if (child == 0) {
		close(fds[0]);
		answer_blindly(fds[1]);
	}
	close(fds[1]);
	uint64_t began = now_usec();
	for (int i = 0; i < LOOKUPS; i++)
		if (send(fds[0], bytes, REQUEST_BYTES, MSG_NOSIGNAL) < 0 ||
			recv(fds[0], bytes, sizeof(bytes), MSG_WAITALL) !=
				sizeof(bytes))
			die("the bare peer ended");
	double rate = (double)LOOKUPS * USEC / (double)(now_usec() - began);
	close(fds[0]);
	waitpid(child, NULL, 0);
	printf("%-44s %9.0f\n", "bare round trips, one at a time", rate);
	return rate;
}

static void clean_up(void)
{
	if (service > 0) {
		kill(service, SIGTERM);
		waitpid(service, NULL, 0);
	}
	dir_remove(dir);
	free(dir);
	free(folder);
}

static void run_all(const char *only)
{
	static const struct run runs[] = {
		{ "lookups, 1 connection", LOOKUP, 1, 0, LOOKUPS },
		{ "lookups, 100 connections", LOOKUP, 100, 0, LOOKUPS },
		/* Each of them for the first time since the start. */
		{ "logins, 100 connections", LOGIN, 100, 0, USERS },
		{ "logins again, 1 connection", LOGIN, 1, 0, LOOKUPS },
		{ "logins again, 100 connections", LOGIN, 100, 0, LOOKUPS },
		{ "creations, 10 connections", CREATION, 10, 0, CREATIONS },
		{ "creations, 100 connections", CREATION, 100, 0, CREATIONS },
		{ "lookups, 1 connection, while 100 create", LOOKUP, 1, 100,
			4000 },
		{ "logins again, 1 connection, while 100 create", LOGIN, 1, 100,
			4000 },
	};
	printf("%-44s %9s %8s %8s %8s\n", "", "a second", "p50 ms", "p99 ms",
		"CPU ms");
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		if (only && !strstr(runs[i].what, only))
			continue;
		bool is_alone = runs[i].n_lanes == 1 && !runs[i].n_creating;
		bool is_hashing =
			runs[i].request == CREATION || runs[i].n == USERS;
		print_run(&runs[i],
			is_hashing         ? hashing_rate(PASSWORD, NULL)
				: is_alone ? bare_round_trips()
					   : 0);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 3) {
		fprintf(stderr,
			"usage: bench-doveauth PATH-OF-DOVEAUTH [ROWS]\n");
		return 2;
	}
	dir = own_folder_make("bench-doveauth");
	atexit(clean_up);
	folder = xasprintf("%s/run", dir);
	make_folders();
	setvbuf(stdout, NULL, _IOLBF, 0);
	make_users();
	uint64_t usec = start_service(argv[1]);
	printf("start to ready %.1f ms, idle PSS %" PRIu64 " KB\n",
		(double)usec / 1e3,
		gauge_number(service, "smaps_rollup", "Pss:"));
	run_all(argc > 2 ? argv[2] : NULL);
	return EXIT_SUCCESS;
}
