/*
 * metadata - the real chatmail-metadata, asked as Dovecot asks, between
 * mailboxes and a notification server that is played here.
 *
 * Usage: metadata PROGRAM CASE
 *
 * How that answers each token, push-server.h says.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/die.h"
#include "lib/file.h"
#include "tests/t/push-server.h"

enum {
	TEXT_MAX_BYTES = 1 << 20,
	LONGEST_TOKEN = 4096,
	/* As many tokens as a user can have. */
	WRITERS_N = 16,
	/* Users with so many tokens each. */
	USERS_N = 20,
	TOKENS_N = 10,
};

extern char **environ;

static const char *program;
static pid_t service;
static int dict = -1;

static void fail_if(bool is_wrong, const char *what)
{
	if (is_wrong)
		die("%s", what);
}

static void write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, slice_of(text)) < 0)
		die("%s: cannot write", path);
}

/* The file's text; "" when there is none. The caller frees. */
static char *read_text(const char *path)
{
	struct buf text = BUF_INIT(TEXT_MAX_BYTES);

	if (file_read(path, &text, NULL) < 0)
		buf_reset(&text);
	return buf_take(&text);
}

static size_t count_queue(void)
{
	DIR *dir = opendir("mail/pending_notifications");
	struct dirent *entry;
	size_t n = 0;

	fail_if(!dir, "no queue");
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void wait_for_queue(size_t n)
{
	double until = push_server_now() + PATIENCE_SEC;

	while (count_queue() != n) {
		if (push_server_now() > until)
			die("%zu in the queue, want %zu", count_queue(), n);
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

static void start(void)
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

static void stop(int signo)
{
	int status = 0;

	kill(service, signo);
	if (waitpid(service, &status, 0) != service ||
		(signo == SIGTERM && status != 0))
		die("the service ended badly: status %#x", status);
	fd_close(&dict);
	unlink("socket");
}

static void set_up(void)
{
	AUTO_FREE char *ini = NULL;

	ini = xasprintf(
		"[params]\nmail_domain = x.test\n"
		"mailboxes_dir = %s/mail\n"
		"notification_url = http://127.0.0.1:%u/notify\n"
		"privacy_mail = ops@x.test\niroh_relay = https://i.test\n",
		getenv("TEST_DIR"), push_server_bind());
	write_text("chatmail.ini", ini);
	mkdir("mail", 0700);
	mkdir("mail/alice@x.test", 0700);
	mkdir("mail/bob@x.test", 0700);
}

/* Sends `text`, and returns the lines of its n answers. */
static char *ask(const char *text, size_t n)
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

static void want(const char *text, const char *wanted)
{
	AUTO_FREE char *got = ask(text, 1);

	if (strcmp(got, wanted) != 0)
		die("%.200s: got %.300s, want %.300s", text, got, wanted);
}

static void set(const char *user, const char *key, const char *value,
	const char *wanted)
{
	AUTO_FREE char *text = xasprintf(
		"B7\t%s@x.test\nS7\tpriv/guid/%s\t%s\nC7\n", user, key, value);

	want(text, wanted);
}

static void set_token(const char *user, const char *token)
{
	set(user, "devicetoken", token, "O7");
}

static void message_new(const char *user)
{
	set(user, "vendor/vendor.dovecot/pvt/messagenew", "", "O7");
}

static void want_tokens(const char *user, const char *wanted)
{
	AUTO_FREE char *text =
		xasprintf("Lpriv/guid/devicetoken\t%s@x.test\n", user);

	want(text, wanted);
}

static void want_log(const char *text)
{
	AUTO_FREE char *log = read_text("log");

	if (!strstr(log, text))
		die("no \"%s\" in the log:\n%s", text, log);
}

#define SHARED "Lshared/guid/vendor/vendor.dovecot/pvt/server/"

static void case_shared(void)
{
	start();
	want(SHARED "vendor/deltachat/maxsmtprecipients\ta@x.test\n", "O1000");
	want(SHARED "vendor/deltachat/irohrelay\ta@x.test\n",
		"Ohttps://i.test");
	want(SHARED "admin\ta@x.test\n", "Omailto:ops@x.test");
	want(SHARED "vendor/deltachat/turn\ta@x.test\n", "N");
	want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	write_text("appversions.json", "{\"a\":1}\n");
	want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "O{\"a\":1}");
	write_text("appversions.json",
		"{ \"clients\": [\n\t{ \"clientId\" : \"x y\" }\n] }\n\n");
	want(SHARED "vendor/deltachat/appversions\ta@x.test\n",
		"O{\"clients\":[{\"clientId\":\"x y\"}]}");
	write_text("appversions.json", "{\"clients\":[}\n");
	want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	write_text("appversions.json", "[]");
	want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	write_text("appversions.json", "");
	want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	want(SHARED "vendor/deltachat/\ta@x.test\n", "N");
	want("Lshared/x\ta@x.test\n", "N");
	want("Lpriv/guid/other\ta@x.test\n", "N");
}

static char *long_token(size_t len)
{
	char *token = xcalloc(1, len + 1);

	memset(token, 'y', len);
	memcpy(token, "openpgp:", 8);
	return token;
}

static void case_tokens(void)
{
	AUTO_FREE char *longest = long_token(LONGEST_TOKEN);
	AUTO_FREE char *too_long = long_token(LONGEST_TOKEN + 1);
	AUTO_FREE char *all = xasprintf("Oone {\"\\/two\"} %s", longest);

	start();
	want_tokens("alice", "N");
	set_token("alice", "one");
	set_token("alice", "{\"\\/two\"}");
	set_token("alice", longest);
	set_token("alice", "one");
	want_tokens("alice", all);
	set("alice", "devicetoken", too_long,
		"F7\tnot a device token: empty, too long, or with blanks");
	set("alice", "devicetoken", "a b",
		"F7\tnot a device token: empty, too long, or with blanks");
	set("alice", "other", "x", "N7");
	set("alice", "messagenew", "", "N7");
	set("nobody", "devicetoken", "x", "N7");
	set("../../../tmp", "devicetoken", "x", "N7");
	want_tokens("bob", "N");
	stop(SIGKILL);
	start();
	want_tokens("alice", all);
	want("B1\talice@x.test\nU1\tpriv/g/devicetoken\nC1\n", "O1");
	want_tokens("alice", "N");
}

#define BOB "mail/bob@x.test/metadata.json"

/*
 * What a user sets wrongly becomes a line of two logs each time: there are
 * few, in whatever time, and others still hear of theirs.
 */
static void case_wrong(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	size_t n = 0;

	start();
	for (int i = 1; i <= 100; i++)
		buf_addf(&text,
			"B%d\talice@x.test\nS%d\tpriv/g/devicetoken\ta b\n"
			"C%d\n",
			i, i, i);
	AUTO_FREE char *got = ask(buf_str(&text), 100);
	for (const char *at = got; (at = strstr(at, "not a device")); at++)
		n++;
	if (n < 1 || n > 50)
		die("%zu of 100 were told", n);
	AUTO_FREE char *log = read_text("log");
	n = 0;
	for (const char *at = log; (at = strstr(at, "not a device")); at++)
		n++;
	if (n > 50)
		die("%zu lines in the log", n);
	set("bob", "devicetoken", "a b",
		"F7\tnot a device token: empty, too long, or with blanks");
}

static void case_files(void)
{
	AUTO_FREE char *stale = xasprintf(
		"{\"devicetoken\":{\"old\":%ld,\"new\":%ld.5},\"x\":[1]}",
		(long)time(NULL) - 91 * 86400, (long)time(NULL) - 89 * 86400);
	double until = push_server_now() + PATIENCE_SEC;

	start();
	write_text(BOB, "{\"devicetoken\": [\"a\", \"b\"]}");
	want_tokens("bob", "Oa b");
	for (;;) {
		AUTO_FREE char *text = read_text(BOB);
		if (strstr(text, "{\"a\":") && strstr(text, "\"b\":"))
			break;
		fail_if(push_server_now() > until, "the list is not converted");
		poll(NULL, 0, 10);
	}
	write_text(BOB, stale);
	want_tokens("bob", "Onew");
	set_token("bob", "more");
	AUTO_FREE char *text = read_text(BOB);
	fail_if(strstr(text, "old") || !strstr(text, "\"x\":[1]"),
		"stale tokens stay, or other members go");
	write_text(BOB, "{\"devicetoken\": {\"a\": 1");
	want_tokens("bob", "N");
	set_token("bob", "again");
	want_tokens("bob", "Oagain");
	want_log("metadata.json put aside: reason=line 1: not JSON");
	fail_if(!file_exists(BOB ".broken"), "the broken file is gone");
}

static void case_writers(void)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);

	start();
	for (int i = 0; i < WRITERS_N; i++)
		buf_addf(&text,
			"B%d\tbob@x.test\nS%d\tpriv/g/devicetoken\tt%d\nC%d\n",
			i, i, i, i);
	free(ask(buf_str(&text), WRITERS_N));
	AUTO_FREE char *json = read_text(BOB);
	for (int i = 0; i < WRITERS_N; i++) {
		AUTO_FREE char *name = xasprintf("\"t%d\":", i);
		if (!strstr(json, name))
			die("%s is lost: %s", name, json);
	}
}

static void case_notify(void)
{
	AUTO_FREE char *longest = long_token(LONGEST_TOKEN);

	push_server_open();
	start();
	message_new("alice");
	set_token("alice", "one");
	set_token("alice", longest);
	set_token("alice", "gone1");
	set_token("bob", "bobs");
	message_new("alice");
	push_server_wait("one", 1);
	push_server_wait(longest, 1);
	push_server_wait("gone1", 1);
	wait_for_queue(0);
	fail_if(push_server_count_all() != 3, "posts that nobody asked for");
	double until = push_server_now() + PATIENCE_SEC;
	AUTO_FREE char *left = xasprintf("Oone %s", longest);
	for (;;) {
		AUTO_FREE char *got =
			ask("Lpriv/g/devicetoken\talice@x.test\n", 1);
		if (strcmp(got, left) == 0)
			break;
		fail_if(push_server_now() > until,
			"a token that is gone stays");
		poll(NULL, 0, 10);
	}
}

static void case_retry(void)
{
	push_server_open();
	start();
	set_token("alice", "fail1");
	set_token("alice", "late1");
	set_token("alice", "reset1");
	set_token("alice", "hang1");
	set_token("bob", "bobs");
	message_new("alice");
	push_server_wait("hang1", 1);
	message_new("bob");
	push_server_wait("bobs", 1);
	push_server_wait("late1", 2);
	push_server_wait("fail1", 2);
	wait_for_queue(2);
	double failed =
		push_server_time("fail1", 1) - push_server_time("fail1", 0);
	double late =
		push_server_time("late1", 1) - push_server_time("late1", 0);
	if (failed < 7.9 || failed > 12 || late < 9.9)
		die("tried again after %.1f s and %.1f s", failed, late);
	AUTO_FREE char *log = read_text("log");
	fail_if(strstr(log, "fail1") || strstr(log, "alice"),
		"the log tells tokens or addresses");
}

static void set_up_users(void)
{
	for (int i = 0; i < USERS_N; i++) {
		AUTO_FREE char *home = xasprintf("mail/u%d@x.test", i);
		AUTO_FREE char *user = xasprintf("u%d", i);
		mkdir(home, 0700);
		for (int k = 0; k < TOKENS_N; k++) {
			AUTO_FREE char *token = xasprintf("t%d-%d", i, k);
			set_token(user, token);
		}
	}
}

static void message_new_for_all(void)
{
	for (int i = 0; i < USERS_N; i++) {
		AUTO_FREE char *user = xasprintf("u%d", i);
		message_new(user);
	}
}

/* What was answered is never lost, wherever the process is killed. */
static void case_kill(void)
{
	start();
	set_up_users();
	message_new_for_all();
	stop(SIGKILL);
	fail_if(count_queue() != USERS_N * TOKENS_N, "notifications are lost");
	write_text("mail/pending_notifications/half.tmp", "alice@x");
	write_text("mail/pending_notifications/odd", "no notification");
	push_server_open();
	start();
	for (int round = 0; round < 3; round++) {
		push_server_serve(50);
		stop(SIGKILL);
		start();
	}
	/* What is left is the odd one, put aside. */
	wait_for_queue(1);
	for (int i = 0; i < USERS_N * TOKENS_N; i++) {
		AUTO_FREE char *token =
			xasprintf("t%d-%d", i / TOKENS_N, i % TOKENS_N);
		if (push_server_count(token) < 1)
			die("%s: never posted", token);
	}
	fail_if(push_server_count_all() > USERS_N * TOKENS_N + 4 * 16,
		"more was repeated than in flight");
	want_log("broken notification put aside: file=odd");
}

/* However many messages come, a token wakes its phone once a second. */
static void case_coalesce(void)
{
	enum {
		POSTS = 4,
	};

	push_server_open();
	start();
	set_token("alice", "one");
	set_token("alice", "two");
	uint64_t began = clock_msec();
	for (int i = 0; i < 300; i++)
		message_new("alice");
	fail_if(count_queue() > 4, "a token has several in the queue");
	push_server_wait("one", 2);
	push_server_wait("two", 1);
	for (size_t n = 3; n <= POSTS; n++) {
		message_new("alice");
		push_server_wait("one", n);
	}
	/* However late each was seen: they take that long at the least. */
	uint64_t took = clock_msec() - began;
	fail_if(took < (POSTS - 1) * 1000 - 100, "woken again too soon");
	wait_for_queue(0);
	took = clock_msec() - began;
	fail_if(push_server_count_all() > 2 * (took / 1000 + 2),
		"a flood of posts");
}

/* A user who sets new tokens again and again has no more in the queue. */
static void case_share(void)
{
	start();
	set_token("bob", "bobs");
	for (int i = 0; i < 120; i++) {
		AUTO_FREE char *token = xasprintf("t%d", i);
		set_token("alice", token);
		message_new("alice");
	}
	fail_if(count_queue() != 100, "no limit for a user");
	message_new("bob");
	fail_if(count_queue() != 101, "one user's flood stops another's");
	push_server_open();
	wait_for_queue(0);
	push_server_wait("bobs", 1);
}

static void case_old(void)
{
	AUTO_FREE char *old = xasprintf(
		"alice@x.test\n%ld\noldtoken", (long)time(NULL) - 5 * 3600 - 1);
	AUTO_FREE char *fresh = xasprintf("alice@x.test\n%ld\nnewtoken",
		(long)time(NULL) - 5 * 3600 + 300);

	mkdir("mail/pending_notifications", 0700);
	write_text("mail/pending_notifications/foreign-name_1", old);
	write_text("mail/pending_notifications/foreign-name_2", fresh);
	push_server_open();
	start();
	push_server_wait("newtoken", 1);
	wait_for_queue(0);
	fail_if(push_server_count("oldtoken") != 0, "too old, and posted");
	want_log("notification dropped: reason=too-old");
}

static double cpu_seconds(void)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(service, &clock) == 0)
		clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A server that is away costs next to nothing, and is found again. */
static void case_away(void)
{
	start();
	set_up_users();
	set_token("bob", "two");
	for (int i = 0; i < 10; i++)
		message_new_for_all();
	want_log("notification server: no service");
	double used = cpu_seconds();
	double until = push_server_now() + 3;
	while (push_server_now() < until)
		push_server_serve(
			(int)((until - push_server_now()) * 1000) + 1);
	used = cpu_seconds() - used;
	if (used > 0.3)
		die("%.2f s of CPU in 3 s while the server is away", used);
	push_server_open();
	message_new("bob");
	push_server_wait("two", 1);
	for (int i = 0; i < USERS_N * TOKENS_N; i++) {
		AUTO_FREE char *token =
			xasprintf("t%d-%d", i / TOKENS_N, i % TOKENS_N);
		push_server_wait(token, 1);
	}
	want_log("notification server: in service again");
}

/* While requests are under way; they are in the queue afterwards. */
static void case_ends_busy(void)
{
	push_server_open();
	start();
	set_token("alice", "hang1");
	set_token("alice", "hang2");
	message_new("alice");
	push_server_wait("hang1", 1);
	message_new("alice");
	stop(SIGTERM);
	/* The second one stands for the third. */
	wait_for_queue(3);
	start();
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "metadata-shared", case_shared },
	{ "metadata-tokens", case_tokens },
	{ "metadata-files", case_files },
	{ "metadata-wrong", case_wrong },
	{ "metadata-writers", case_writers },
	{ "metadata-notify", case_notify },
	{ "metadata-retry", case_retry },
	{ "metadata-kill", case_kill },
	{ "metadata-coalesce", case_coalesce },
	{ "metadata-share", case_share },
	{ "metadata-old", case_old },
	{ "metadata-away", case_away },
	{ "metadata-ends-busy", case_ends_busy },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: metadata PROGRAM CASE");
	program = argv[1];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (strcmp(cases[i].name, argv[2]) != 0)
			continue;
		set_up();
		cases[i].run();
		stop(SIGTERM);
		AUTO_FREE char *log = read_text("log");
		fail_if(strstr(log, "ERROR: ") || strstr(log, "runtime error"),
			log);
		return 0;
	}
	die("%s: no such case", argv[2]);
}
