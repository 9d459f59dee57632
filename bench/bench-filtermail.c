/*
 * bench-filtermail: the figures of filtermail, each against a run of the
 * same load straight to the sink, right before it.
 *
 *	bench-filtermail FOLDER PROGRAM [-q]
 *
 * FOLDER holds smtp-load and smtp-sink, PROGRAM is filtermail; -q takes a
 * tenth of the messages. Everything is on 127.0.0.1, on ports that the
 * kernel chose. Each row has a filter of its own, so that its peak of
 * memory is that row's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench/figures.h"
#include "bench/loopback.h"
#include "cmdeploy/usage/gauge.h"
#include "lib/buf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	PATIENCE_MSEC = 10000,
	TEXT_BYTES = 65536,
};

struct row {
	const char *name;
	unsigned n_connections, n_messages, size, n_idle;
};

static const struct row rows[] = {
	{ "10 KB x 1", 1, 4000, 10240, 0 },
	{ "10 KB x 10", 10, 20000, 10240, 0 },
	{ "10 KB x 100", 100, 20000, 10240, 0 },
	{ "1 MB x 1", 1, 500, 1000000, 0 },
	{ "1 MB x 10", 10, 1000, 1000000, 0 },
	{ "1 MB x 100", 100, 1000, 1000000, 0 },
	{ "10 MB x 10", 10, 100, 10000000, 0 },
	{ "10 MB x 100", 100, 300, 10000000, 0 },
	{ "10 KB x 10, 10,000 idle", 10, 20000, 10240, 10000 },
};

struct result {
	double rate, p50, p99;
	double cpu; /* milliseconds a message, of whom it went through */
};

struct filter {
	pid_t pid;
	double start_msec;
	char address[32];
};

static const char *folder;
static const char *program;
static char sink_address[32];
static pid_t sink_pid;
static unsigned divisor = 1;

static pid_t spawn(const char *const *argv, int out, bool is_quiet)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (is_quiet)
		posix_spawn_file_actions_addopen(
			&actions, 2, "/dev/null", O_WRONLY, 0);
	int r = posix_spawn(
		&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		die("%s: %s", argv[0], strerror(r));
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* The socket on which a service says that it is ready. */
static int notify_socket(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t);
	char name[sizeof(un.sun_path) + 1];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* Autobind: an abstract name that the kernel chose. */
	if (bind(fd, (struct sockaddr *)&un, len) < 0)
		die("bind: %s", strerror(errno));
	len = sizeof(un);
	getsockname(fd, (struct sockaddr *)&un, &len);
	snprintf(name, sizeof(name), "@%.*s",
		(int)(len - sizeof(sa_family_t) - 1), un.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void start_filter(struct filter *f)
{
	snprintf(f->address, sizeof(f->address), "127.0.0.1:%u",
		loopback_port());
	const char *argv[] = { program, "bench-filtermail.ini", "outgoing",
		"--listen", f->address, "--forward", sink_address, NULL };
	AUTO_CLOSE int fd = notify_socket();
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double began = figures_msec();

	f->pid = spawn(argv, -1, true);
	if (poll(&p, 1, PATIENCE_MSEC) != 1)
		die("%s does not become ready", program);
	f->start_msec = figures_msec() - began;
	unsetenv("NOTIFY_SOCKET");
}

static double value_after(struct slice text, const char *key)
{
	const char *at = memmem(text.ptr, text.len, key, strlen(key));

	return at ? strtod(at + strlen(key), NULL) : -1;
}

/* What smtp-load says; the time of `pid` once its idle ones are there. */
static void read_load(int fd, pid_t pid, struct buf *out, double *ret_before)
{
	char piece[1024];
	ssize_t n;

	*ret_before = gauge_cpu_sec(pid) * 1e3;
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if (memmem(piece, (size_t)n, "idle=", 5))
			*ret_before = gauge_cpu_sec(pid) * 1e3;
		buf_add(out, piece, (size_t)n);
	}
}

/* Through the process `pid`, which listens on `address`. */
static void run_load(const struct row *row, const char *address, pid_t pid,
	struct result *ret_result)
{
	double before;

	AUTO_BUF struct buf out = BUF_INIT(TEXT_BYTES);
	char numbers[5][16];
	unsigned n = row->n_messages / divisor;
	const unsigned values[] = { row->n_connections, n, row->size, 20000,
		row->n_idle };
	AUTO_FREE char *load = xasprintf("%s/smtp-load", folder);
	int pipes[2], status;

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		snprintf(numbers[i], sizeof(numbers[i]), "%u", values[i]);
	const char *argv[] = { load, "-c", numbers[0], "-n", numbers[1], "-s",
		numbers[2], "-u", numbers[3], "-i", numbers[4], address, NULL };
	if (pipe2(pipes, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	pid_t load_pid = spawn(argv, pipes[1], false);
	fd_close(&pipes[1]);
	read_load(pipes[0], pid, &out, &before);
	fd_close(&pipes[0]);
	waitpid(load_pid, &status, 0);
	if (status)
		die("%s: smtp-load failed: %s", row->name, buf_str(&out));
	ret_result->cpu = (gauge_cpu_sec(pid) * 1e3 - before) / n;
	ret_result->rate = value_after(buf_slice(&out), "rate=");
	ret_result->p50 = value_after(buf_slice(&out), "p50=");
	ret_result->p99 = value_after(buf_slice(&out), "p99=");
}

static double megabytes(pid_t pid, const char *file, const char *label)
{
	return (double)gauge_number(pid, file, label) / 1024;
}

static void run_row(const struct row *row)
{
	struct result direct, filtered;
	struct filter f;

	run_load(row, sink_address, sink_pid, &direct);
	start_filter(&f);
	run_load(row, f.address, f.pid, &filtered);
	printf("| %-23s | %7.1f | %7.1f | %.2f | %8.2f | %8.2f | %7.3f | "
	       "%5.1f |\n",
		row->name, direct.rate, filtered.rate,
		filtered.rate / direct.rate, filtered.p50, filtered.p99,
		filtered.cpu, megabytes(f.pid, "status", "VmHWM:"));
	fflush(stdout);
	finish(f.pid);
}

static void run_start(void)
{
	struct filter f;

	start_filter(&f);
	printf("\nstart to ready %.1f ms, idle PSS %.2f MB, RSS %.2f MB\n",
		f.start_msec, megabytes(f.pid, "smaps_rollup", "Pss:"),
		megabytes(f.pid, "status", "VmRSS:"));
	finish(f.pid);
}

static void write_ini(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice ini = SLICE("[params]\nmail_domain = bench.test\n"
				 "max_user_send_per_minute = 1000000\n");

	if (file_write("bench-filtermail.ini", ini,
		    (struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 },
		    &why) < 0)
		die("%s", buf_str(&why));
}

static pid_t start_sink(void)
{
	AUTO_FREE char *sink = xasprintf("%s/smtp-sink", folder);
	const char *argv[] = { sink, sink_address, NULL };

	snprintf(sink_address, sizeof(sink_address), "127.0.0.1:%u",
		loopback_port());
	pid_t pid = spawn(argv, -1, false);
	poll(NULL, 0, 200);
	return pid;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		die("usage: bench-filtermail FOLDER PROGRAM [-q]");
	folder = argv[1];
	program = argv[2];
	divisor = argc > 3 ? 10 : 1;
	write_ini();
	sink_pid = start_sink();
	printf("| messages                | direct/s| filter/s| ratio| "
	       "p50 ms   | p99 ms   | CPU ms  | MB    |\n"
	       "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		run_row(&rows[i]);
	run_start();
	finish(sink_pid);
	unlink("bench-filtermail.ini");
	return 0;
}
