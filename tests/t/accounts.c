/*
 * accounts - the real doveauth, lastlogin and newemail, asked as Dovecot
 * and a web server ask them.
 *
 * Usage: accounts DOVEAUTH LASTLOGIN NEWEMAIL --list | CASE
 */
#include <crypt.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "lib/addr.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/random.h"

enum {
	PATIENCE_SEC = 30,
	TEXT_MAX_BYTES = 1 << 24,
	SERVICES_MAX = 2,
	RACES = 200,
	KILLS = 12,
	CROWD = 1000,
	MANY_USERS = 2000,
	HASH_LINE_BYTES = 120,
};

#define PASSWORD "right-password"
#define OTHER    "other-password"

extern char **environ;

struct service {
	pid_t pid;
	char *socket;
	int log_fd;
};

static const char *doveauth, *lastlogin, *newemail;
static char dir[] = "/tmp/accounts-test.XXXXXX";
static char *mail, *ini;
static struct service services[SERVICES_MAX];

#define demand(condition, format, ...)                                         \
	do {                                                                   \
		if (!(condition))                                              \
			die("%s: " format, #condition, ##__VA_ARGS__);         \
	} while (0)

static void write_ini(const char *more)
{
	AUTO_FREE char *text = xasprintf("[params]\nmail_domain = x.test\n"
					 "mailboxes_dir = %s\n"
					 "max_load_1m = 100000\n"
					 "min_free_disk_space = 0\n%s",
		mail, more);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(file_write(ini, slice_of(text), owner, NULL) == 0, "ini");
}

/* The log goes to a file; the first byte of a pipe says that it is up. */
static void start(const char *program, int i)
{
	struct service *s = &services[i];
	AUTO_FREE char *log = xasprintf("%s/log%d", dir, i);
	posix_spawn_file_actions_t actions;

	free(s->socket);
	s->socket = xasprintf("%s/socket%d", dir, i);
	s->log_fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	demand(s->log_fd >= 0, "log");
	char *argv[] = { (char *)program, s->socket, ini, NULL };
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, s->log_fd, 2);
	demand(posix_spawn(&s->pid, program, &actions, NULL, argv, environ) ==
			0,
		"%s", program);
	posix_spawn_file_actions_destroy(&actions);
}

static int stop(int i, int sig)
{
	struct service *s = &services[i];
	int status = 0;

	if (s->pid <= 0)
		return 0;
	kill(s->pid, sig);
	demand(waitpid(s->pid, &status, 0) == s->pid, "wait");
	s->pid = 0;
	fd_close(&s->log_fd);
	return status;
}

/* Otherwise it is told how it ended, and what it said (of leaks, say). */
static void end_well(int i)
{
	int status = stop(i, SIGTERM);

	if (status == 0)
		return;
	AUTO_FREE char *path = xasprintf("%s/log%d", dir, i);
	AUTO_BUF struct buf log = BUF_INIT(TEXT_MAX_BYTES);
	if (file_read(path, &log, NULL) < 0)
		buf_add_str(&log, "(no log)");
	die("service %d does not end well: status %#x: %s", i, status,
		buf_str(&log));
}

static bool log_has(int i, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/log%d", dir, i);
	AUTO_BUF struct buf log = BUF_INIT(TEXT_MAX_BYTES);

	return file_read(path, &log, NULL) == 0 && strstr(buf_str(&log), text);
}

/* Once it listens; a service that ends meanwhile ends the test. */
static int try_connect(int i)
{
	struct timeval patience = { .tv_sec = PATIENCE_SEC };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", services[i].socket);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int dial(int i)
{
	int fd;

	while ((fd = try_connect(i)) < 0) {
		demand(waitpid(services[i].pid, NULL, WNOHANG) == 0,
			"the service ended");
		/* Not there yet: its turn. */
		poll(NULL, 0, 1);
	}
	return fd;
}

static void say(int fd, struct slice text)
{
	demand(fd_write_all(fd, text) == 0, "cannot send");
}

/* One line without its LF; "" and false at the end of the connection. */
static bool hear(int fd, struct buf *line)
{
	char c;
	ssize_t n;

	buf_reset(line);
	while ((n = recv(fd, &c, 1, 0)) == 1 && c != '\n')
		buf_add_char(line, c);
	demand(n >= 0 || errno == ECONNRESET, "no answer in time");
	return n == 1;
}

static void ask_passdb(int fd, const char *user, const char *password)
{
	AUTO_FREE char *line = xasprintf(
		"Lshared/passdb/%s\"%s@x.test\t%s\n", password, user, user);

	say(fd, slice_of(line));
}

/* The hash in an answer O{...}; ends the test at any other answer. */
static char *hash_of(const struct buf *answer)
{
	static const char before[] = "\"password\":\"{SHA512-CRYPT}";
	const char *at = strstr(buf_str(answer), before);

	demand(answer->ptr && answer->ptr[0] == 'O' && at, "answer %s",
		buf_str(answer));
	at += strlen(before);
	return xstrndup(at, strcspn(at, "\""));
}

static bool fits(const char *password, const char *hash)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *again = crypt_rn(password, hash, data, (int)sizeof(*data));
	bool is_same = again && strcmp(again, hash) == 0;

	free(data);
	return is_same;
}

static char *login(int fd, const char *user, const char *password)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	ask_passdb(fd, user, password);
	demand(hear(fd, &line), "no answer");
	return hash_of(&line);
}

/* Two logins at once, for each of many new addresses. */
static void race(int n_services, const char *second)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int fds[2];
	int wins[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		if (i < n_services)
			start(doveauth, i);
		fds[i] = dial(i % n_services);
	}
	for (int round = 0; round < RACES; round++) {
		AUTO_FREE char *user = xasprintf("race%05d", round);
		int first = round & 1;
		ask_passdb(fds[first], user, first ? second : PASSWORD);
		ask_passdb(fds[!first], user, first ? PASSWORD : second);
		demand(hear(fds[0], &line), "no answer");
		AUTO_FREE char *a = hash_of(&line);
		demand(hear(fds[1], &line), "no answer");
		AUTO_FREE char *b = hash_of(&line);
		demand(strcmp(a, b) == 0, "%s: two hashes", user);
		bool is_first = fits(PASSWORD, a), is_second = fits(second, a);
		demand(is_first || is_second, "%s: nobody won", user);
		demand(strcmp(second, PASSWORD) == 0 || is_first != is_second,
			"%s: both won", user);
		AUTO_FREE char *later =
			login(fds[0], user, is_first ? PASSWORD : second);
		demand(strcmp(a, later) == 0, "%s: another hash later", user);
		wins[is_second]++;
	}
	close(fds[0]);
	close(fds[1]);
}

static void case_race_same_password(void)
{
	race(1, PASSWORD);
}

static void case_race_other_password(void)
{
	race(1, OTHER);
}

static void case_race_two_services(void)
{
	race(2, OTHER);
}

/* How many accounts there are; each has to be whole. */
static int count_whole_accounts(void)
{
	DIR *folder = opendir(mail);
	struct dirent *entry;
	int n = 0;

	demand(folder, "%s", mail);
	while ((entry = readdir(folder))) {
		AUTO_FREE char *path =
			xasprintf("%s/%s/password", mail, entry->d_name);
		AUTO_BUF struct buf text = BUF_INIT(1024);
		if (entry->d_name[0] == '.' || !file_exists(path))
			continue;
		demand(file_read(path, &text, NULL) == 0, "%s", path);
		demand(text.len == HASH_LINE_BYTES &&
				slice_starts(buf_slice(&text),
					SLICE("{SHA512-CRYPT}$6$")),
			"%s: half an account", path);
		n++;
	}
	closedir(folder);
	return n;
}

static int count_listed(int fd)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int n = 0;

	say(fd, SLICE("I0\t0\tshared/userdb/\t*\n"));
	while (hear(fd, &line) && line.len > 0) {
		demand(slice_starts(buf_slice(&line), SLICE("Oshared/userdb/")),
			"row %s", buf_str(&line));
		n++;
	}
	return n;
}

static void case_kill_while_creating(void)
{
	enum {
		AT_ONCE = 40,
	};
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int answered = 0;

	for (int round = 0; round < KILLS; round++) {
		start(doveauth, 0);
		int fd = dial(0);
		for (int i = 0; i < AT_ONCE; i++) {
			AUTO_FREE char *user = xasprintf("k%04d%04d", round, i);
			ask_passdb(fd, user, PASSWORD);
		}
		for (uint32_t n = random_below(AT_ONCE); n > 0; n--) {
			demand(hear(fd, &line), "no answer");
			answered++;
		}
		stop(0, SIGKILL);
		close(fd);
	}
	int n = count_whole_accounts();
	demand(n >= answered, "%d accounts, %d answers", n, answered);
	start(doveauth, 0);
	int fd = dial(0);
	/* The journal may hold some that nobody was told of. */
	n = count_whole_accounts();
	demand(count_listed(fd) == n, "the list is not %d", n);
	for (int i = 0; i < AT_ONCE; i++) {
		AUTO_FREE char *user = xasprintf("k%04d%04d", 0, i);
		AUTO_FREE char *hash = login(fd, user, PASSWORD);
		demand(fits(PASSWORD, hash), "%s cannot log in", user);
	}
	close(fd);
}

static const struct {
	struct slice key;
	const char *reason;
} refusals[] = {
	{ SLICE("shared/passdb/short\"abcdef123@x.test"),
		"refused: reason=password-too-short length=5 min=9" },
	{ SLICE("shared/passdb/" PASSWORD "\"abc@x.test"),
		"refused: reason=name-too-short length=3 min=9" },
	{ SLICE("shared/passdb/" PASSWORD "\"abcdef1234@x.test"),
		"refused: reason=name-too-long length=10 max=9" },
	{ SLICE("shared/passdb/" PASSWORD "\"../../etc@x.test"),
		"refused: reason=name-characters name=\"../../etc\"" },
	{ SLICE("shared/passdb/" PASSWORD "\"abc\0010123@x.test"),
		"refused: reason=name-characters name=\"abc\\x00123\"" },
	{ SLICE("shared/passdb/" PASSWORD "\"a%2fbcdef@x.test"),
		"refused: reason=name-characters name=\"a%2fbcdef\"" },
	{ SLICE("shared/passdb/" PASSWORD "\"abc\1ndef12@x.test"),
		"refused: reason=name-characters name=\"abc\\x0adef12\"" },
	{ SLICE("shared/passdb/" PASSWORD "\"abcdef123@evil.test"),
		"refused: reason=foreign-domain domain=\"evil.test\"" },
	{ SLICE("shared/passdb/" PASSWORD "\"abcdef123@x.test/../y"),
		"refused: reason=foreign-domain domain=\"x.test/../y\"" },
	{ SLICE("shared/passdb/" PASSWORD "\"abcdef123"),
		"refused: reason=no-address" },
	{ SLICE("shared/passdb/" PASSWORD "\"echo@x.test"),
		"refused: reason=name-reserved" },
	{ SLICE("shared/passdb/pass\1tword12\"abcdef123@x.test"),
		"refused: reason=password-characters" },
	{ SLICE("shared/passdb/no-separator"),
		"refused: reason=malformed-key" },
	{ SLICE("private/thing"), "refused: reason=unknown-key" },
};

static void case_refusals(void)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	start(doveauth, 0);
	int fd = dial(0);
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		say(fd, SLICE("L"));
		say(fd, refusals[i].key);
		say(fd, SLICE("\tuser\n"));
		demand(hear(fd, &line) && slice_eq_str(buf_slice(&line), "N"),
			"%s: answer %s", refusals[i].reason, buf_str(&line));
		demand(log_has(0, refusals[i].reason), "%s: not logged",
			refusals[i].reason);
	}
	demand(!log_has(0, PASSWORD), "the password is in the log");
	demand(count_listed(fd) == 0, "somebody was created");
	close(fd);
}

static void case_nocreate(void)
{
	AUTO_FREE char *file = xasprintf("%s/chatmail-nocreate", dir);
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	start(doveauth, 0);
	int fd = dial(0);
	AUTO_FREE char *hash = login(fd, "abcdef123", PASSWORD);
	demand(file_write(file, SLICE(""), owner, NULL) == 0, "%s", file);
	ask_passdb(fd, "abcdef124", PASSWORD);
	demand(hear(fd, &line) && slice_eq_str(buf_slice(&line), "N"),
		"answer %s", buf_str(&line));
	demand(log_has(0, "refused: reason=nocreate"), "not logged");
	AUTO_FREE char *again = login(fd, "abcdef123", PASSWORD);
	demand(strcmp(hash, again) == 0, "the old user is gone");
	unlink(file);
	AUTO_FREE char *later = login(fd, "abcdef124", PASSWORD);
	demand(fits(PASSWORD, later), "not created later");
	close(fd);
}

/* The same dialogue in one piece and byte by byte. */
static void case_bytes_and_half_close(void)
{
	static const char text[] =
		"H3\t2\t0\t\tauth\n"
		"Lshared/passdb/pa\\\"ss\\\\wo\\'rd1\"abcdef123@x.test\tu\n"
		"Lshared/userdb/abcdef123@x.test\tu\n"
		"Lshared/userdb/nobody@x.test\tu\n"
		"I0\t0\tshared/userdb/\t*\n";
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	start(doveauth, 0);
	for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
		int fd = dial(0);
		struct slice rest = slice_of(text);
		for (; by_bytes && rest.len > 0; rest = slice_from(rest, 1))
			say(fd, slice_head(rest, 1));
		say(fd, rest);
		shutdown(fd, SHUT_WR);
		demand(hear(fd, &line), "no answer");
		AUTO_FREE char *hash = hash_of(&line);
		demand(fits("pa\"ss\\wo'rd1", hash), "quoting");
		demand(hear(fd, &line), "no answer");
		AUTO_FREE char *user = hash_of(&line);
		demand(strcmp(user, hash) == 0, "userdb");
		demand(hear(fd, &line) && slice_eq_str(buf_slice(&line), "N"),
			"nobody");
		demand(hear(fd, &line) &&
				slice_eq_str(buf_slice(&line),
					"Oshared/userdb/abcdef123@x.test\t"),
			"row");
		demand(hear(fd, &line) && line.len == 0, "end of rows");
		demand(!hear(fd, &line), "it is not closed");
		close(fd);
	}
}

/* Many requests in one write, some of which take their time: in order. */
static void case_pipeline(void)
{
	enum {
		REQUESTS = 600,
	};
	AUTO_BUF struct buf all = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	for (int i = 0; i < REQUESTS; i++)
		buf_addf(&all,
			i % 10 ? "Lshared/userdb/nobody%d@x.test\tu\n"
			       : "Lshared/passdb/" PASSWORD
				 "\"pipe%05d@x.test\tu\n",
			i);
	start(doveauth, 0);
	int fd = dial(0);
	say(fd, buf_slice(&all));
	for (int i = 0; i < REQUESTS; i++) {
		AUTO_FREE char *want = i % 10
			? xstrdup("N")
			: xasprintf("O{\"addr\":\"pipe%05d@x.test\",", i);
		demand(hear(fd, &line) &&
				slice_starts(buf_slice(&line), slice_of(want)),
			"%d: %s", i, buf_str(&line));
	}
	close(fd);
}

static void case_thousand_connections(void)
{
	static int fds[CROWD];
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	start(doveauth, 0);
	fds[0] = dial(0);
	AUTO_FREE char *hash = login(fds[0], "abcdef123", PASSWORD);
	for (int i = 1; i < CROWD; i++)
		fds[i] = dial(0);
	for (int i = 0; i < CROWD; i++)
		say(fds[i], SLICE("Lshared/userdb/abcdef123@x.test\tu\n"));
	for (int i = CROWD - 1; i >= 0; i--) {
		demand(hear(fds[i], &line), "no answer");
		AUTO_FREE char *got = hash_of(&line);
		demand(strcmp(got, hash) == 0, "%d: another hash", i);
		close(fds[i]);
	}
}

static const struct {
	struct slice text;
	int repeat;
	const char *reason;
} nonsense[] = {
	{ SLICE("L0123456789"), 7000,
		"connection ended: reason=line too long" },
	{ SLICE("Zx\n"), 1, "connection ended: reason=unknown command 0x5a" },
	{ SLICE("\n"), 1, "connection ended: reason=empty line" },
	{ SLICE("La\0b\n"), 1, "connection ended: reason=unescaped NUL" },
	{ SLICE("La\1z\n"), 1, "reason=command L with a bad field 1" },
	{ SLICE("H9\t0\t0\tu\td\n"), 1, "reason=protocol version 9" },
	{ SLICE("S1\tk\tv\n"), 1, "reason=unknown transaction" },
	{ SLICE("B1\nB1\n"), 1, "reason=transaction begun twice" },
};

static void case_nonsense(void)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	start(doveauth, 0);
	int good = dial(0);
	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		int fd = dial(0);
		for (int n = 0; n < nonsense[i].repeat; n++)
			if (send(fd, nonsense[i].text.ptr, nonsense[i].text.len,
				    MSG_NOSIGNAL) < 0)
				break;
		demand(!hear(fd, &line), "%s: goes on", nonsense[i].reason);
		close(fd);
		demand(log_has(0, nonsense[i].reason), "%s: not logged",
			nonsense[i].reason);
	}
	AUTO_FREE char *hash = login(good, "abcdef123", PASSWORD);
	demand(fits(PASSWORD, hash), "the others go on");
	close(good);
}

static void expect_failure(int fd, const char *user)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_FREE char *home = xasprintf("%s/%s@x.test", mail, user);

	ask_passdb(fd, user, PASSWORD);
	demand(hear(fd, &line) && line.len > 0 && line.ptr[0] == 'F',
		"answer %s", buf_str(&line));
	demand(!file_exists(home), "%s is left", home);
}

/* A disk of its own that runs full, and is then read-only. */
static void case_disk_full(void)
{
	AUTO_FREE char *filler = xasprintf("%s/filler", mail);
	static char block[4096];

	demand(mount("tmpfs", mail, "tmpfs", 0, "size=2m") == 0,
		"mount: %s; run as root", strerror(errno));
	start(doveauth, 0);
	int fd = dial(0);
	AUTO_FREE char *hash = login(fd, "abcdef123", PASSWORD);
	int file = open(filler, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	while (write(file, block, sizeof(block)) > 0)
		;
	close(file);
	expect_failure(fd, "abcdef124");
	demand(log_has(0, "<3>account not created: ") &&
			log_has(0, "abcdef124@x.test: No space left"),
		"not logged");
	AUTO_FREE char *again = login(fd, "abcdef123", PASSWORD);
	demand(strcmp(hash, again) == 0, "the old user is gone");
	unlink(filler);
	AUTO_FREE char *later = login(fd, "abcdef124", PASSWORD);
	demand(fits(PASSWORD, later), "not created later");
	close(fd);
	end_well(0);
	demand(mount("", mail, "", MS_REMOUNT | MS_RDONLY, "") == 0, "remount");
	start(doveauth, 0);
	fd = dial(0);
	demand(log_has(0, "nobody is created until it works: "), "not logged");
	expect_failure(fd, "abcdef125");
	demand(log_has(0, "abcdef125@x.test: Read-only"), "not logged");
	AUTO_FREE char *last = login(fd, "abcdef123", OTHER);
	demand(strcmp(hash, last) == 0, "the old user is gone");
	close(fd);
	end_well(0);
	demand(umount(mail) == 0, "umount");
}

static bool journal_is_empty(void)
{
	AUTO_FREE char *path = xasprintf("%s/.creations", mail);
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);

	demand(file_read(path, &text, NULL) == 0, "%s", path);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != '\0')
			return false;
	return text.len > 0;
}

/* As a disk does that lost what was not synced, all at once. */
static void lose_files(int n)
{
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *home = xasprintf("%s/lost%05d@x.test", mail, i);
		AUTO_FREE char *file = xasprintf("%s/password", home);
		if (i % 3 == 0)
			demand(unlink(file) == 0, "%s", file);
		else
			demand(truncate(file, 0) == 0, "%s", file);
		/* Room that was never filled. */
		if (i % 3 == 1)
			demand(truncate(file, HASH_LINE_BYTES) == 0, "%s",
				file);
		if (i % 6 == 0)
			demand(rmdir(home) == 0, "%s", home);
	}
}

/* What was answered is there when the power fails. */
static void case_power_fails(void)
{
	enum {
		ACCOUNTS = 30,
	};
	char *hashes[ACCOUNTS];

	start(doveauth, 0);
	int fd = dial(0);
	for (int i = 0; i < ACCOUNTS; i++) {
		AUTO_FREE char *user = xasprintf("lost%05d", i);
		hashes[i] = login(fd, user, PASSWORD);
	}
	/* Nothing is emptied meanwhile, as it waits for two seconds. */
	stop(0, SIGKILL);
	close(fd);
	demand(!journal_is_empty(), "the test was too slow");
	lose_files(ACCOUNTS);
	start(doveauth, 0);
	fd = dial(0);
	demand(log_has(0, "journal replayed: records=30 placed=30 bad=0"),
		"not logged");
	demand(journal_is_empty(), "it is kept");
	for (int i = 0; i < ACCOUNTS; i++) {
		AUTO_FREE char *user = xasprintf("lost%05d", i);
		AUTO_FREE char *hash = login(fd, user, OTHER);
		demand(strcmp(hash, hashes[i]) == 0, "%s: another", user);
		free(hashes[i]);
	}
	close(fd);
}

/* In its own time, and when the service ends. */
static void case_journal_is_emptied(void)
{
	start(doveauth, 0);
	int fd = dial(0);
	AUTO_FREE char *hash = login(fd, "abcdef123", PASSWORD);
	for (int tries = 0; !journal_is_empty(); tries++) {
		demand(tries < PATIENCE_SEC * 100, "it is kept");
		poll(NULL, 0, 10);
	}
	AUTO_FREE char *other = login(fd, "abcdef124", PASSWORD);
	demand(strcmp(hash, other) != 0, "one salt for two");
	close(fd);
	end_well(0);
	demand(journal_is_empty(), "it is kept at the end");
	demand(count_whole_accounts() == 2, "accounts");
}

/* The second one has to do without, until the first one is gone. */
static void case_journal_changes_hands(void)
{
	start(doveauth, 0);
	int first = dial(0);
	start(doveauth, 1);
	int second = dial(1);
	AUTO_FREE char *a = login(first, "abcdef123", PASSWORD);
	AUTO_FREE char *b = login(second, "abcdef124", PASSWORD);
	demand(log_has(1, "another process has the journal"), "not logged");
	demand(fits(PASSWORD, b), "not created");
	close(first);
	stop(0, SIGKILL);
	AUTO_FREE char *c = login(second, "abcdef125", PASSWORD);
	demand(fits(PASSWORD, c), "not created");
	demand(!journal_is_empty(), "it is not taken over");
	AUTO_FREE char *again = login(second, "abcdef123", OTHER);
	demand(strcmp(a, again) == 0, "another hash");
	close(second);
}

/* A long list, and somebody who wants an answer meanwhile. */
static void case_iterate(void)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int n = 0;

	for (int i = 0; i < MANY_USERS; i++) {
		AUTO_FREE char *home = xasprintf("%s/many%05d@x.test", mail, i);
		AUTO_FREE char *file = xasprintf("%s/password", home);
		demand(mkdir(home, 0700) == 0, "%s", home);
		int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		/* Every tenth is empty, and no account. */
		demand(i % 10 == 0 || write(fd, "{X}y", 4) == 4, "%s", file);
		close(fd);
	}
	start(doveauth, 0);
	int lister = dial(0), asker = dial(0);
	say(lister,
		SLICE("I0\t0\tshared/userdb/\t*\n"
		      "Lshared/userdb/nobody@x.test\tu\n"));
	say(asker, SLICE("Lshared/userdb/many00001@x.test\tu\n"));
	demand(hear(asker, &line) && line.len > 0 && line.ptr[0] == 'O',
		"answer %s", buf_str(&line));
	while (hear(lister, &line) && line.len > 0)
		n++;
	demand(n == MANY_USERS * 9 / 10, "%d rows", n);
	demand(hear(lister, &line) && slice_eq_str(buf_slice(&line), "N"),
		"the lookup behind it: %s", buf_str(&line));
	say(lister, SLICE("I0\t3\tshared/userdb/\t*\n"));
	for (n = 0; hear(lister, &line) && line.len > 0;)
		n++;
	demand(n == 3, "%d rows of 3", n);
	say(lister, SLICE("I0\t0\tother/\t*\n"));
	demand(hear(lister, &line) && line.len == 0, "foreign prefix");
	close(lister);
	close(asker);
}

static void case_ends_while_creating(void)
{
	start(doveauth, 0);
	int fd = dial(0);
	/* More than the service takes at once: some lines wait. */
	for (int i = 0; i < 1500; i++) {
		AUTO_FREE char *user = xasprintf("e%08d", i);
		ask_passdb(fd, user, PASSWORD);
	}
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	demand(hear(fd, &line), "no answer");
	end_well(0);
	demand(count_whole_accounts() > 0, "nobody");
	close(fd);
}

/* The only one, at any moment of its making. */
static void case_ends_while_creating_first(void)
{
	enum {
		MOMENTS = 16,
		STEP_NSEC = 250000,
	};

	for (int i = 0; i < MOMENTS; i++) {
		const struct timespec moment = { .tv_nsec = i * STEP_NSEC };
		AUTO_FREE char *user = xasprintf("f%08d", i);
		start(doveauth, 0);
		int fd = dial(0);
		ask_passdb(fd, user, PASSWORD);
		nanosleep(&moment, NULL);
		end_well(0);
		close(fd);
	}
	count_whole_accounts();
}

static void check_commit(
	int fd, const char *key, const char *value, const char *want)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_FREE char *text =
		xasprintf("B7\tu\nT7\t1\t2\nS7\t%s\t%s\nC7\n", key, value);

	say(fd, slice_of(text));
	demand(hear(fd, &line) &&
			slice_starts(buf_slice(&line), slice_of(want)),
		"%s=%s: %s", key, value, buf_str(&line));
}

static void case_lastlogin(void)
{
	AUTO_FREE char *home = xasprintf("%s/abcdef123@x.test", mail);
	AUTO_FREE char *file = xasprintf("%s/password", home);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };
	const char *key = "shared/last-login/abcdef123@x.test";
	struct stat st, later;

	demand(mkdir(home, 0700) == 0, "%s", home);
	demand(file_write(file, SLICE("{X}y"), owner, NULL) == 0, "%s", file);
	start(lastlogin, 0);
	int fd = dial(0);
	check_commit(fd, key, "1700000000", "O7");
	demand(stat(file, &st) == 0 && st.st_mtim.tv_sec == 1699920000,
		"stamp %ld", (long)st.st_mtim.tv_sec);
	check_commit(fd, key, "1700000001", "O7");
	demand(stat(file, &later) == 0 &&
			later.st_ctim.tv_nsec == st.st_ctim.tv_nsec &&
			later.st_ctim.tv_sec == st.st_ctim.tv_sec,
		"the same day is written again");
	check_commit(fd, "shared/last-login/nobody@x.test", "1700000000", "N7");
	check_commit(fd, "shared/last-login/../x@x.test", "1700000000", "N7");
	check_commit(fd, key, "tomorrow", "F7\t");
	check_commit(fd, key, "99999999999", "F7\t");
	check_commit(fd, "shared/other", "1700000000", "F7\t");
	say(fd, SLICE("B1\nS1\tk\tv\nR1\n"));
	check_commit(fd, key, "1600000000", "O7");
	close(fd);
	end_well(0);
}

/* Runs newemail once; its standard output. */
static void run_newemail(
	const char *method, bool is_self_signed, int want, struct buf *out)
{
	AUTO_FREE char *variable = xasprintf("REQUEST_METHOD=%s", method);
	AUTO_FREE char *path = xasprintf("CHATMAIL_INI=%s", ini);
	char *argv[] = { (char *)newemail, NULL };
	char *env[] = { variable, path,
		is_self_signed ? (char *)"CHATMAIL_SELF_SIGNED=1" : NULL,
		NULL };
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], status;
	pid_t pid;

	demand(pipe2(pipe_fds, O_CLOEXEC) == 0, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
	demand(posix_spawn(&pid, newemail, &actions, NULL, argv, env) == 0,
		"%s", newemail);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	buf_reset(out);
	demand(fd_read_all(pipe_fds[0], out) == 0, "read");
	close(pipe_fds[0]);
	demand(waitpid(pid, &status, 0) == pid && status == want << 8,
		"status %d", status);
}

static const struct {
	const char *ini, *method;
	bool is_nocreate;
	int status;
	const char *has[3]; /* parts of the answer */
	const char *lacks;
} requests[] = {
	{ "", "POST", false, 0,
		{ "Status: 200 OK\r\n", "{\"email\":\"", "@x.test\",\"pass" },
		"dclogin" },
	{ "", "GET", false, 0,
		{ "Status: 302 Found\r\n",
			"\r\nLocation: dcaccount:https://x.test/new\r\n", "" },
		"{" },
	{ "", "HEAD", false, 0,
		{ "Status: 302 Found\r\n", "Location: dcaccount:", "" }, "{" },
	{ "", "PUT", false, 0,
		{ "Status: 405 Method Not Allowed\r\n",
			"\r\nAllow: GET, HEAD, POST\r\n", "{\"reason\":\"" },
		"email" },
	{ "", "POST", true, 0,
		{ "Status: 403 Forbidden\r\n", "{\"reason\":\"", "" },
		"email" },
	{ "min_free_disk_space = 1000000G\n", "POST", false, 0,
		{ "Status: 503 ", "{\"reason\":\"", "Retry-After: " },
		"email" },
	{ "mail_domain = 192.0.2.1\n", "POST", false, 0,
		{ "@[192.0.2.1]\",\"password\":\"",
			"\"dclogin_url\":\"dclogin:",
			"&v=1&ih=192.0.2.1&sh=192.0.2.1&ic=3\"" },
		"reason" },
	{ "mail_domain = 192.0.2.1\n", "GET", false, 0,
		{ "Status: 302 Found\r\n",
			"Location: dclogin:", "@[192.0.2.1]?p=" },
		"{" },
	{ "mail_domain = _c.test\n", "POST", false, 0,
		{ "\"dclogin_url\":\"dclogin:", "@_c.test?p=", "&ic=3" },
		"reason" },
	{ "mail_domain = _c.test\n", "GET", false, 0,
		{ "Location: dcaccount:", "", "" }, "dclogin" },
	{ "username_min_length = what\n", "POST", false, 1,
		{ "Status: 500 ", "{\"reason\":\"", "" }, "email" },
};

static void write_request_ini(const char *more)
{
	bool has_domain = strstr(more, "mail_domain");
	AUTO_FREE char *text = xasprintf("[params]\n%smailboxes_dir = %s\n"
					 "max_load_1m = 100000\n%s",
		has_domain ? "" : "mail_domain = x.test\n", mail, more);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(file_write(ini, slice_of(text), owner, NULL) == 0, "ini");
}

static void case_newemail(void)
{
	AUTO_FREE char *file = xasprintf("%s/chatmail-nocreate", dir);
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };
		write_request_ini(requests[i].ini);
		if (requests[i].is_nocreate)
			demand(file_write(file, SLICE(""), owner, NULL) == 0,
				"%s", file);
		run_newemail(
			requests[i].method, false, requests[i].status, &out);
		unlink(file);
		for (size_t k = 0; k < ARRAY_LEN(requests[i].has); k++)
			demand(strstr(buf_str(&out), requests[i].has[k]),
				"request %zu: no %s in %s", i,
				requests[i].has[k], buf_str(&out));
		demand(!strstr(buf_str(&out), requests[i].lacks),
			"request %zu: %s in %s", i, requests[i].lacks,
			buf_str(&out));
	}
}

/* The relay knows that nobody vouches for its name's certificate. */
static void check_self_signed(const char *method, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);

	write_request_ini("");
	run_newemail(method, true, 0, &out);
	demand(strstr(buf_str(&out), want) &&
			strstr(buf_str(&out), "&sh=x.test&ic=3"),
		"self-signed: no %s in %s", want, buf_str(&out));
}

static void case_newemail_self_signed(void)
{
	check_self_signed("POST", "\"dclogin_url\":\"dclogin:");
	check_self_signed("GET", "\r\nLocation: dclogin:");
}

/* What newemail hands out is what doveauth takes. */
static void case_newemail_logs_in(void)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	char user[64], password[64];

	start(doveauth, 0);
	run_newemail("POST", false, 0, &out);
	const char *at = strstr(buf_str(&out), "{\"email\":\"");
	demand(at &&
			sscanf(at,
				"{\"email\":\"%63[^@]@x.test\",\"password\":"
				"\"%63[^\"]\"}",
				user, password) == 2,
		"answer %s", buf_str(&out));
	int fd = dial(0);
	AUTO_FREE char *hash = login(fd, user, password);
	demand(fits(password, hash), "cannot log in");
	close(fd);
}

#define CASE(name)                                                             \
	{                                                                      \
#name, case_##name                                             \
	}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	CASE(race_same_password),
	CASE(race_other_password),
	CASE(race_two_services),
	CASE(kill_while_creating),
	CASE(ends_while_creating),
	CASE(ends_while_creating_first),
	CASE(refusals),
	CASE(nocreate),
	CASE(bytes_and_half_close),
	CASE(pipeline),
	CASE(thousand_connections),
	CASE(nonsense),
	CASE(disk_full),
	CASE(power_fails),
	CASE(journal_is_emptied),
	CASE(journal_changes_hands),
	CASE(iterate),
	CASE(lastlogin),
	CASE(newemail),
	CASE(newemail_logs_in),
	CASE(newemail_self_signed),
};

static void clean_up(void)
{
	for (int i = 0; i < SERVICES_MAX; i++) {
		stop(i, SIGTERM);
		free(services[i].socket);
	}
	umount2(mail, MNT_DETACH);
	dir_remove(dir);
	free(mail);
	free(ini);
}

static void run_case(void (*run)(void))
{
	demand(mkdtemp(dir), "%s", dir);
	mail = xasprintf("%s/mail", dir);
	ini = xasprintf("%s/chatmail.ini", dir);
	atexit(clean_up);
	demand(mkdir(mail, 0700) == 0, "%s", mail);
	write_ini("");
	run();
	for (int i = 0; i < SERVICES_MAX; i++)
		end_well(i);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr,
			"usage: accounts DOVEAUTH LASTLOGIN NEWEMAIL "
			"--list | CASE\n");
		return 2;
	}
	doveauth = argv[1];
	lastlogin = argv[2];
	newemail = argv[3];
	bool is_list = strcmp(argv[4], "--list") == 0;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (is_list)
			puts(cases[i].name);
		if (strcmp(argv[4], cases[i].name) != 0)
			continue;
		run_case(cases[i].run);
		return EXIT_SUCCESS;
	}
	if (!is_list)
		die("%s: no such case; see --list", argv[4]);
	return EXIT_SUCCESS;
}
