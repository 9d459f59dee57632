/* Implements metadata-bed.h. */
#include "tests/t/metadata-bed.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/addr.h"
#include "lib/file.h"

extern char **environ;

static const char *program;
static pid_t service;
static int dict = -1;

void bed_fail_if(bool is_wrong, const char *what)
{
	if (is_wrong)
		die("%s", what);
}

void bed_write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, slice_of(text)) < 0)
		die("%s: cannot write", path);
}

char *bed_read_text(const char *path)
{
	struct buf text = BUF_INIT(TEXT_MAX_BYTES);

	if (file_read(path, &text, NULL) < 0)
		buf_reset(&text);
	return buf_take(&text);
}

size_t bed_count_queue(void)
{
	DIR *dir = opendir("mail/pending_notifications");
	struct dirent *entry;
	size_t n = 0;

	bed_fail_if(!dir, "no queue");
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

void bed_wait_for_queue(size_t n)
{
	double until = push_server_now() + PATIENCE_SEC;

	while (bed_count_queue() != n) {
		if (push_server_now() > until)
			die("%zu in the queue, want %zu", bed_count_queue(), n);
		push_server_serve(20);
	}
}

static void connect_dict(void)
{
	struct addr addr;
	double until = push_server_now() + PATIENCE_SEC;

	while (addr_parse("unix:socket", &addr, NULL) < 0 ||
		addr_connect(&addr, &dict) < 0) {
		if (push_server_now() > until ||
			waitpid(service, NULL, WNOHANG) != 0)
			die("the service does not start");
		poll(NULL, 0, 10);
	}
	fcntl(dict, F_SETFL, 0);
	if (fd_write_all(dict, SLICE("H3\t2\t0\t\tmetadata\n")) < 0)
		die("the service hangs up");
}

void bed_start(void)
{
	char *argv[] = { (char *)program, (char *)"socket",
		(char *)"chatmail.ini", NULL };
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
		&actions, 2, "log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (posix_spawn(&service, program, &actions, NULL, argv, environ) != 0)
		die("%s: cannot start", program);
	posix_spawn_file_actions_destroy(&actions);
	connect_dict();
}

void bed_stop(int signo)
{
	int status = 0;

	kill(service, signo);
	if (waitpid(service, &status, 0) != service ||
		(signo == SIGTERM && status != 0))
		die("the service ended badly: status %#x", status);
	fd_close(&dict);
	unlink("socket");
}

void bed_set_up(const char *path)
{
	program = path;
	AUTO_FREE char *ini = xasprintf(
		"[params]\nmail_domain = x.test\n"
		"mailboxes_dir = %s/mail\n"
		"notification_url = http://127.0.0.1:%u/notify\n"
		"privacy_mail = ops@x.test\niroh_relay = https://i.test\n",
		getenv("TEST_DIR"), push_server_bind());
	bed_write_text("chatmail.ini", ini);
	mkdir("mail", 0700);
	mkdir("mail/alice@x.test", 0700);
	mkdir("mail/bob@x.test", 0700);
}

char *bed_ask(const char *text, size_t n)
{
	struct buf answer_text = BUF_INIT(TEXT_MAX_BYTES);

	if (fd_write_all(dict, slice_of(text)) < 0)
		die("the service hangs up");
	while (n > 0) {
		char byte;
		if (recv(dict, &byte, 1, 0) != 1)
			die("the service hangs up");
		buf_add_char(&answer_text, byte);
		n -= byte == '\n';
	}
	buf_truncate(&answer_text, answer_text.len - 1);
	return buf_take(&answer_text);
}

void bed_want(const char *text, const char *wanted)
{
	AUTO_FREE char *got = bed_ask(text, 1);

	if (strcmp(got, wanted) != 0)
		die("%.200s: got %.300s, want %.300s", text, got, wanted);
}

void bed_set(const char *user, const char *key, const char *value,
	const char *wanted)
{
	AUTO_FREE char *text = xasprintf(
		"B7\t%s@x.test\nS7\tpriv/guid/%s\t%s\nC7\n", user, key, value);

	bed_want(text, wanted);
}

void bed_set_token(const char *user, const char *token)
{
	bed_set(user, "devicetoken", token, "O7");
}

void bed_message_new(const char *user)
{
	bed_set(user, "vendor/vendor.dovecot/pvt/messagenew", "", "O7");
}

void bed_want_tokens(const char *user, const char *wanted)
{
	AUTO_FREE char *text =
		xasprintf("Lpriv/guid/devicetoken\t%s@x.test\n", user);

	bed_want(text, wanted);
}

void bed_want_log(const char *text)
{
	AUTO_FREE char *log = bed_read_text("log");

	if (!strstr(log, text))
		die("no \"%s\" in the log:\n%s", text, log);
}

char *bed_long_token(size_t len)
{
	char *token = xcalloc(1, len + 1);

	memset(token, 'y', len);
	memcpy(token, "openpgp:", 8);
	return token;
}

double bed_cpu_seconds(void)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(service, &clock) == 0)
		clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
