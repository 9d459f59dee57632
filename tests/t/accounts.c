/*
 * accounts - the real doveauth, lastlogin and newemail, asked as Dovecot
 * and a web server ask them.
 *
 * Usage: accounts DOVEAUTH LASTLOGIN NEWEMAIL --list | CASE
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "tests/t/accounts-bed.h"
#include "tests/t/accounts-cases.h"

enum {
	RACES = 200,
	CROWD = 1000,
	MANY_USERS = 2000,
};

/* Two logins at once, for each of many new addresses. */
static void race(int n_services, const char *second)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int fds[2];
	int wins[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		if (i < n_services)
			bed_start(bed.doveauth, i);
		fds[i] = bed_dial(i % n_services);
	}
	for (int round = 0; round < RACES; round++) {
		AUTO_FREE char *user = xasprintf("race%05d", round);
		int first = round & 1;
		bed_ask_passdb(fds[first], user, first ? second : PASSWORD);
		bed_ask_passdb(fds[!first], user, first ? PASSWORD : second);
		demand(bed_hear(fds[0], &line), "no answer");
		AUTO_FREE char *a = bed_hash_of(&line);
		demand(bed_hear(fds[1], &line), "no answer");
		AUTO_FREE char *b = bed_hash_of(&line);
		demand(strcmp(a, b) == 0, "%s: two hashes", user);
		bool is_first = bed_fits(PASSWORD, a),
		     is_second = bed_fits(second, a);
		demand(is_first || is_second, "%s: nobody won", user);
		demand(strcmp(second, PASSWORD) == 0 || is_first != is_second,
			"%s: both won", user);
		AUTO_FREE char *later =
			bed_login(fds[0], user, is_first ? PASSWORD : second);
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

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		bed_say(fd, SLICE("L"));
		bed_say(fd, refusals[i].key);
		bed_say(fd, SLICE("\tuser\n"));
		demand(bed_hear(fd, &line) &&
				slice_eq_str(buf_slice(&line), "N"),
			"%s: answer %s", refusals[i].reason, buf_str(&line));
		demand(bed_log_has(0, refusals[i].reason), "%s: not logged",
			refusals[i].reason);
	}
	demand(!bed_log_has(0, PASSWORD), "the password is in the log");
	demand(bed_count_listed(fd) == 0, "somebody was created");
	close(fd);
}

static void ask_blocked(int fd, const char *user)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	bed_ask_passdb(fd, user, PASSWORD);
	demand(bed_hear(fd, &line) && slice_eq_str(buf_slice(&line), "N"),
		"%s: answer %s", user, buf_str(&line));
	demand(bed_log_has(0, "refused: reason=blocked\n"), "not logged");
	demand(!bed_log_has(0, user), "%s is in the log", user);
}

static void case_blocked(void)
{
	AUTO_FREE char *home = xasprintf("%s/abcdef123@x.test", bed.mail);
	AUTO_FREE char *other = xasprintf("%s/abcdef124@x.test", bed.mail);
	AUTO_FREE char *file = xasprintf("%s/blocked", home);
	AUTO_FREE char *other_file = xasprintf("%s/blocked", other);
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	AUTO_FREE char *hash = bed_login(fd, "abcdef123", PASSWORD);
	demand(mkdir(other, 0700) == 0, "%s", other);
	demand(file_write(file, SLICE(""), owner, NULL) == 0, "%s", file);
	demand(file_write(other_file, SLICE(""), owner, NULL) == 0, "%s",
		other_file);
	ask_blocked(fd, "abcdef123");
	ask_blocked(fd, "abcdef124");
	bed_say(fd,
		SLICE("Lshared/userdb/abcdef123@x.test\tabcdef123@x.test\n"));
	demand(bed_hear(fd, &line) && line.ptr[0] == 'O',
		"mail is not taken: %s", buf_str(&line));
	demand(bed_count_listed(fd) == 1, "the blocked address was created");
	close(fd);
	bed_end_well(0);
	bed_start(bed.doveauth, 0);
	fd = bed_dial(0);
	ask_blocked(fd, "abcdef123");
	unlink(file);
	AUTO_FREE char *again = bed_login(fd, "abcdef123", PASSWORD);
	demand(strcmp(hash, again) == 0, "another password after the block");
	close(fd);
}

static void case_nocreate(void)
{
	AUTO_FREE char *file = xasprintf("%s/chatmail-nocreate", bed.dir);
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	AUTO_FREE char *hash = bed_login(fd, "abcdef123", PASSWORD);
	demand(file_write(file, SLICE(""), owner, NULL) == 0, "%s", file);
	bed_ask_passdb(fd, "abcdef124", PASSWORD);
	demand(bed_hear(fd, &line) && slice_eq_str(buf_slice(&line), "N"),
		"answer %s", buf_str(&line));
	demand(bed_log_has(0, "refused: reason=nocreate"), "not logged");
	AUTO_FREE char *again = bed_login(fd, "abcdef123", PASSWORD);
	demand(strcmp(hash, again) == 0, "the old user is gone");
	unlink(file);
	AUTO_FREE char *later = bed_login(fd, "abcdef124", PASSWORD);
	demand(bed_fits(PASSWORD, later), "not created later");
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

	bed_start(bed.doveauth, 0);
	for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
		int fd = bed_dial(0);
		struct slice rest = slice_of(text);
		for (; by_bytes && rest.len > 0; rest = slice_from(rest, 1))
			bed_say(fd, slice_head(rest, 1));
		bed_say(fd, rest);
		shutdown(fd, SHUT_WR);
		demand(bed_hear(fd, &line), "no answer");
		AUTO_FREE char *hash = bed_hash_of(&line);
		demand(bed_fits("pa\"ss\\wo'rd1", hash), "quoting");
		demand(bed_hear(fd, &line), "no answer");
		AUTO_FREE char *user = bed_hash_of(&line);
		demand(strcmp(user, hash) == 0, "userdb");
		demand(bed_hear(fd, &line) &&
				slice_eq_str(buf_slice(&line), "N"),
			"nobody");
		demand(bed_hear(fd, &line) &&
				slice_eq_str(buf_slice(&line),
					"Oshared/userdb/abcdef123@x.test\t"),
			"row");
		demand(bed_hear(fd, &line) && line.len == 0, "end of rows");
		demand(!bed_hear(fd, &line), "it is not closed");
		close(fd);
	}
}

/* A password takes its time to be hashed; by then the peer is silent. */
static void case_half_close(void)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	bed_say(fd,
		SLICE("H3\t2\t0\t\tauth\n"
		      "Lshared/passdb/password1\"halfclose@x.test\tu\n"));
	shutdown(fd, SHUT_WR);
	demand(bed_hear(fd, &line), "no answer");
	AUTO_FREE char *hash = bed_hash_of(&line);
	demand(bed_fits("password1", hash), "another password");
	demand(!bed_hear(fd, &line), "it is not closed");
	close(fd);
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
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	bed_say(fd, buf_slice(&all));
	for (int i = 0; i < REQUESTS; i++) {
		AUTO_FREE char *want = i % 10
			? xstrdup("N")
			: xasprintf("O{\"addr\":\"pipe%05d@x.test\",", i);
		demand(bed_hear(fd, &line) &&
				slice_starts(buf_slice(&line), slice_of(want)),
			"%d: %s", i, buf_str(&line));
	}
	close(fd);
}

static void case_thousand_connections(void)
{
	static int fds[CROWD];
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);

	bed_start(bed.doveauth, 0);
	fds[0] = bed_dial(0);
	AUTO_FREE char *hash = bed_login(fds[0], "abcdef123", PASSWORD);
	for (int i = 1; i < CROWD; i++)
		fds[i] = bed_dial(0);
	for (int i = 0; i < CROWD; i++)
		bed_say(fds[i], SLICE("Lshared/userdb/abcdef123@x.test\tu\n"));
	for (int i = CROWD - 1; i >= 0; i--) {
		demand(bed_hear(fds[i], &line), "no answer");
		AUTO_FREE char *got = bed_hash_of(&line);
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

	bed_start(bed.doveauth, 0);
	int good = bed_dial(0);
	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		int fd = bed_dial(0);
		for (int n = 0; n < nonsense[i].repeat; n++)
			if (send(fd, nonsense[i].text.ptr, nonsense[i].text.len,
				    MSG_NOSIGNAL) < 0)
				break;
		demand(!bed_hear(fd, &line), "%s: goes on", nonsense[i].reason);
		close(fd);
		demand(bed_log_has(0, nonsense[i].reason), "%s: not logged",
			nonsense[i].reason);
	}
	AUTO_FREE char *hash = bed_login(good, "abcdef123", PASSWORD);
	demand(bed_fits(PASSWORD, hash), "the others go on");
	close(good);
}

/* A long list, and somebody who wants an answer meanwhile. */
static void case_iterate(void)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	int n = 0;

	for (int i = 0; i < MANY_USERS; i++) {
		AUTO_FREE char *home =
			xasprintf("%s/many%05d@x.test", bed.mail, i);
		AUTO_FREE char *file = xasprintf("%s/password", home);
		demand(mkdir(home, 0700) == 0, "%s", home);
		int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		/* Every tenth is empty, and no account. */
		demand(i % 10 == 0 || write(fd, "{X}y", 4) == 4, "%s", file);
		close(fd);
	}
	bed_start(bed.doveauth, 0);
	int lister = bed_dial(0), asker = bed_dial(0);
	bed_say(lister,
		SLICE("I0\t0\tshared/userdb/\t*\n"
		      "Lshared/userdb/nobody@x.test\tu\n"));
	bed_say(asker, SLICE("Lshared/userdb/many00001@x.test\tu\n"));
	demand(bed_hear(asker, &line) && line.len > 0 && line.ptr[0] == 'O',
		"answer %s", buf_str(&line));
	while (bed_hear(lister, &line) && line.len > 0)
		n++;
	demand(n == MANY_USERS * 9 / 10, "%d rows", n);
	demand(bed_hear(lister, &line) && slice_eq_str(buf_slice(&line), "N"),
		"the lookup behind it: %s", buf_str(&line));
	bed_say(lister, SLICE("I0\t3\tshared/userdb/\t*\n"));
	for (n = 0; bed_hear(lister, &line) && line.len > 0;)
		n++;
	demand(n == 3, "%d rows of 3", n);
	bed_say(lister, SLICE("I0\t0\tother/\t*\n"));
	demand(bed_hear(lister, &line) && line.len == 0, "foreign prefix");
	close(lister);
	close(asker);
}

static void check_commit(
	int fd, const char *key, const char *value, const char *want)
{
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_FREE char *text =
		xasprintf("B7\tu\nT7\t1\t2\nS7\t%s\t%s\nC7\n", key, value);

	bed_say(fd, slice_of(text));
	demand(bed_hear(fd, &line) &&
			slice_starts(buf_slice(&line), slice_of(want)),
		"%s=%s: %s", key, value, buf_str(&line));
}

static void case_lastlogin(void)
{
	AUTO_FREE char *home = xasprintf("%s/abcdef123@x.test", bed.mail);
	AUTO_FREE char *file = xasprintf("%s/password", home);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };
	const char *key = "shared/last-login/abcdef123@x.test";
	struct stat st, later;

	demand(mkdir(home, 0700) == 0, "%s", home);
	demand(file_write(file, SLICE("{X}y"), owner, NULL) == 0, "%s", file);
	bed_start(bed.lastlogin, 0);
	int fd = bed_dial(0);
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
	bed_say(fd, SLICE("B1\nS1\tk\tv\nR1\n"));
	check_commit(fd, key, "1600000000", "O7");
	close(fd);
	bed_end_well(0);
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
	CASE(blocked),
	CASE(nocreate),
	CASE(bytes_and_half_close),
	CASE(half_close),
	CASE(pipeline),
	CASE(thousand_connections),
	CASE(nonsense),
	CASE(disk_full),
	CASE(old_journal),
	CASE(iterate),
	CASE(lastlogin),
	CASE(newemail),
	CASE(newemail_logs_in),
	CASE(newemail_self_signed),
};

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr,
			"usage: accounts DOVEAUTH LASTLOGIN NEWEMAIL CASE\n");
		return 2;
	}
	bed.doveauth = argv[1];
	bed.lastlogin = argv[2];
	bed.newemail = argv[3];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (strcmp(argv[4], cases[i].name) != 0)
			continue;
		bed_run_case(cases[i].run);
		return EXIT_SUCCESS;
	}
	die("%s: no such case", argv[4]);
}
