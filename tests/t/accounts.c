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

#include "lib/clock.h"
#include "lib/file.h"
#include "tests/t/accounts-bed.h"
#include "tests/t/accounts-cases.h"

enum {
	RACES = 200,
	CROWD = 1000,
	MANY_USERS = 2000,
};

/* Two logins at once, for each of many new addresses: one password wins. */
static void race(int n_services, const char *second)
{
	unsigned ids[2][RACES];
	char answers[2][RACES];
	int fds[2];

	for (int i = 0; i < 2; i++) {
		if (i < n_services)
			bed_start(bed.doveauth, i);
		fds[i] = bed_dial(i % n_services);
	}
	for (int round = 0; round < RACES; round++) {
		AUTO_FREE char *user = xasprintf("race%05d", round);
		int first = round & 1;
		ids[first][round] =
			bed_ask(fds[first], user, first ? second : PASSWORD);
		ids[!first][round] =
			bed_ask(fds[!first], user, first ? PASSWORD : second);
	}
	for (int i = 0; i < 2; i++)
		for (int n = 0; n < RACES; n++) {
			unsigned id = 0;
			char answer = bed_answer(fds[i], &id);
			int round = 0;
			while (round < RACES - 1 && ids[i][round] != id)
				round++;
			answers[i][round] = answer;
		}
	for (int round = 0; round < RACES; round++) {
		AUTO_FREE char *user = xasprintf("race%05d", round);
		char a = answers[0][round], b = answers[1][round];
		bool is_same = strcmp(second, PASSWORD) == 0;
		demand(a == 'O' || b == 'O', "%s: nobody won", user);
		demand(is_same ? a == b : a != b && (a == 'F' || b == 'F'),
			"%s: %c and %c", user, a, b);
		demand(bed_fits(a == 'O' ? PASSWORD : second, user),
			"%s: another password", user);
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
	struct slice password, address;
	const char *reason;
} refusals[] = {
	{ SLICE("short"), SLICE("abcdef123@x.test"),
		"refused: reason=password-too-short length=5 min=9" },
	{ SLICE(PASSWORD), SLICE("abc@x.test"),
		"refused: reason=name-too-short length=3 min=9" },
	{ SLICE(PASSWORD), SLICE("abcdef1234@x.test"),
		"refused: reason=name-too-long length=10 max=9" },
	{ SLICE(PASSWORD), SLICE("../../etc@x.test"),
		"refused: reason=name-characters name=\"../../etc\"" },
	{ SLICE(PASSWORD), SLICE("a%2fbcdef@x.test"),
		"refused: reason=name-characters name=\"a%2fbcdef\"" },
	{ SLICE(PASSWORD), SLICE("abc\ndef12@x.test"),
		"refused: reason=name-characters name=\"abc\\x0adef12\"" },
	{ SLICE(PASSWORD), SLICE("abcdefgh.@x.test"),
		"refused: reason=name-dots" },
	{ SLICE(PASSWORD), SLICE("abc..defg@x.test"),
		"refused: reason=name-dots" },
	{ SLICE(PASSWORD), SLICE("abcdef123@evil.test"),
		"refused: reason=foreign-domain domain=\"evil.test\"" },
	{ SLICE(PASSWORD), SLICE("abcdef123@x.test/../y"),
		"refused: reason=foreign-domain domain=\"x.test/../y\"" },
	{ SLICE(PASSWORD), SLICE("abcdef123"), "refused: reason=no-address" },
	{ SLICE(PASSWORD), SLICE("echo@x.test"),
		"refused: reason=name-reserved" },
	{ SLICE("pass\tword12"), SLICE("abcdef123@x.test"),
		"refused: reason=password-characters" },
};

/* Without a reason in the log: there is nobody to be named. */
static const char *const malformed[] = {
	"PLAIN\tresp=",
	"PLAIN\tresp==",
	"PLAIN\tresp=****",
	"PLAIN\tresp=AGE=",     /* no password */
	"PLAIN\tresp=AAB4AHg=", /* no user */
	"PLAIN\tresp=YgBhAHg=", /* as somebody else */
	"PLAIN\tresp=AGEAeAB4", /* a NUL in it */
	"LOGIN\tresp=",
	"CRAM-MD5",
	"",
};

/* All of them late, and at the same time. */
static void case_refusals(void)
{
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	size_t n = ARRAY_LEN(refusals) + ARRAY_LEN(malformed);
	unsigned id;

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		bed_ask_as(fd, refusals[i].address, refusals[i].password, "");
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
		AUTO_FREE char *line =
			xasprintf("AUTH\t%zu\t%s\n", 1000 + i, malformed[i]);
		bed_say(fd, slice_of(line));
	}
	uint64_t began = clock_msec();
	for (size_t i = 0; i < n; i++)
		demand(bed_answer(fd, &id) == 'F', "%u is not refused", id);
	demand(clock_msec() - began > 1500, "not late");
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		demand(bed_log_has(0, refusals[i].reason), "%s: not logged",
			refusals[i].reason);
	demand(!bed_log_has(0, PASSWORD), "the password is in the log");
	demand(bed_count_listed(0) == 0, "somebody was created");
	close(fd);
}

static void ask_blocked(int fd, const char *user)
{
	bed_demand_login(fd, user, PASSWORD, 'F');
	demand(bed_log_has(0, "refused: reason=blocked\n"), "not logged");
	demand(!bed_log_has(0, user), "%s is in the log", user);
}

static void touch(const char *path)
{
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(file_write(path, SLICE(""), owner, NULL) == 0, "%s", path);
}

static void case_blocked(void)
{
	AUTO_FREE char *home = xasprintf("%s/abcdef123@x.test", bed.mail);
	AUTO_FREE char *other = xasprintf("%s/abcdef124@x.test", bed.mail);
	AUTO_FREE char *file = xasprintf("%s/blocked", home);
	AUTO_FREE char *other_file = xasprintf("%s/blocked", other);
	AUTO_FREE char *no_mail = xasprintf("%s/DISABLED", home);

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0), master = bed_dial_as(AS_MASTER, 0);
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	demand(mkdir(other, 0700) == 0, "%s", other);
	touch(file);
	touch(other_file);
	ask_blocked(fd, "abcdef123");
	ask_blocked(fd, "abcdef124");
	bed_say(master, SLICE("USER\t1\tabcdef123@x.test\tservice=lmtp\n"));
	bed_expect(master, "USER\t1\tabcdef123@x.test\tuid=");
	touch(no_mail);
	bed_say(master, SLICE("USER\t2\tabcdef123@x.test\tservice=lmtp\n"));
	bed_expect(master, "NOTFOUND\t2");
	bed_say(master, SLICE("USER\t3\tabcdef123@x.test\tservice=imap\n"));
	bed_expect(master, "USER\t3\tabcdef123@x.test\tuid=");
	demand(bed_count_listed(0) == 1, "the blocked address was created");
	unlink(file);
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	close(fd);
	close(master);
}

static void case_nocreate(void)
{
	AUTO_FREE char *file = xasprintf("%s/chatmail-nocreate", bed.dir);

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	touch(file);
	bed_demand_login(fd, "abcdef124", PASSWORD, 'F');
	demand(bed_log_has(0, "refused: reason=nocreate"), "not logged");
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	unlink(file);
	bed_demand_login(fd, "abcdef124", PASSWORD, 'O');
	close(fd);
}

/* Many requests in one write; each gets its answer. */
static void case_pipeline(void)
{
	enum {
		REQUESTS = 600,
	};
	AUTO_BUF struct buf all = BUF_INIT(TEXT_MAX_BYTES);

	for (int i = 0; i < REQUESTS; i++)
		buf_addf(&all, "USER\t%d\tnobody%d@x.test\n", i, i);
	bed_start(bed.doveauth, 0);
	int fd = bed_dial_as(AS_MASTER, 0);
	bed_say(fd, buf_slice(&all));
	for (int i = 0; i < REQUESTS; i++) {
		AUTO_FREE char *want = xasprintf("NOTFOUND\t%d", i);
		bed_expect(fd, want);
	}
	close(fd);
}

static void case_thousand_connections(void)
{
	static int fds[CROWD];

	bed_start(bed.doveauth, 0);
	fds[0] = bed_dial(0);
	bed_demand_login(fds[0], "abcdef123", PASSWORD, 'O');
	for (int i = 1; i < CROWD; i++)
		fds[i] = bed_dial(0);
	for (int i = 0; i < CROWD; i++)
		bed_ask(fds[i], "abcdef123", PASSWORD);
	for (int i = CROWD - 1; i >= 0; i--) {
		unsigned id;
		demand(bed_answer(fds[i], &id) == 'O', "%d: refused", i);
		close(fds[i]);
	}
}

static const struct {
	struct slice text;
	int repeat;
	const char *reason;
} nonsense[] = {
	{ SLICE("AUTH\t1\tPLAIN"), 2000,
		"connection ended: reason=Message too long" },
	{ SLICE("AUTH\tx\tPLAIN\n"), 1,
		"connection ended: reason=malformed AUTH" },
	{ SLICE("AUTH\t1\n"), 1, "connection ended: reason=malformed AUTH" },
	{ SLICE("AUTH\t1\ta\1z\n"), 1,
		"connection ended: reason=malformed AUTH" },
	{ SLICE("CPID\t9\n"), 1, "connection ended: reason=CPID twice" },
	{ SLICE("VERSION\t1\t2\n"), 1,
		"connection ended: reason=VERSION has to come first" },
	{ SLICE("AUTH\t1\tPLAIN\nAUTH\t1\tPLAIN\n"), 1,
		"connection ended: reason=AUTH with an id in use" },
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
		while (bed_hear(fd, &line))
			;
		close(fd);
		demand(bed_log_has(0, nonsense[i].reason), "%s: not logged",
			nonsense[i].reason);
	}
	bed_demand_login(good, "abcdef123", PASSWORD, 'O');
	close(good);
}

/* A long list, and somebody who wants an answer meanwhile. */
static void case_list(void)
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
	int lister = bed_dial_as(AS_MASTER, 0),
	    asker = bed_dial_as(AS_MASTER, 0);
	bed_say(lister, SLICE("LIST\t1\nLIST\t2\nCACHE-FLUSH\t3\n"));
	bed_say(asker, SLICE("PASS\t9\tMany00001@x.test\tservice=imap\n"));
	bed_expect(asker, "PASS\t9\tuser=many00001@x.test");
	/* One list at a time; other answers do not wait for it. */
	bed_expect(lister, "DONE\t2\tfail");
	bed_expect(lister, "OK\t3\t");
	while (bed_hear(lister, &line) &&
		slice_starts(buf_slice(&line), SLICE("LIST\t1\tmany")))
		n++;
	demand(n == MANY_USERS * 9 / 10, "%d rows", n);
	demand(slice_eq_str(buf_slice(&line), "DONE\t1\t"), "end: %s",
		buf_str(&line));
	bed_say(lister, SLICE("USER\t4\tnobody@x.test\n"));
	bed_expect(lister, "NOTFOUND\t4");
	close(lister);
	close(asker);
}

/* Sends all but the last byte, waits, sends that one; hears the answer. */
static void check_map(
	int fd, const char *map, const char *key, const char *want)
{
	AUTO_FREE char *question = xasprintf(
		"%zu:%s %s,", strlen(map) + 1 + strlen(key), map, key);
	AUTO_FREE char *expected = xasprintf("%zu:%s,", strlen(want), want);
	size_t n = strlen(question), len = strlen(expected);
	char answer[128];

	bed_say(fd, slice_make(question, n - 1));
	usleep(1000);
	bed_say(fd, slice_make(question + n - 1, 1));
	ssize_t got = recv(fd, answer, len, MSG_WAITALL);
	demand(got == (ssize_t)len && memcmp(answer, expected, len) == 0,
		"%s: %.*s", key, (int)(got < 0 ? 0 : got), answer);
}

static void check_recipient(int fd, const char *key, const char *want)
{
	check_map(fd, "user", key, want);
}

/* Filtermail asks who takes encrypted mail only. */
static void case_encrypted_only(void)
{
	AUTO_FREE char *home = xasprintf("%s/abcdef123@x.test", bed.mail);
	AUTO_FREE char *flag = xasprintf("%s/enforceE2EEincoming", home);
	const char *user = "abcdef123@x.test";

	bed_start(bed.doveauth, 0);
	bed_demand_login(bed_dial(0), "abcdef123", PASSWORD, 'O');
	int fd = bed_dial_raw(AS_FILTER, 0);
	check_map(fd, "encrypted", user, "NOTFOUND ");
	check_map(fd, "encrypted", "nobody12@x.test", "NOTFOUND ");
	check_map(fd, "encrypted", "../x@x.test", "NOTFOUND ");
	close(open(flag, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	check_map(fd, "encrypted", user, "OK only");
	check_map(fd, "encrypted", "AbcDef123+tag@X.test", "OK only");
	check_map(fd, "encrypted", "nobody12@x.test", "NOTFOUND ");
	check_recipient(fd, user, "OK here");
	/* "Not now" is a different answer. */
	AUTO_FREE char *aside = xasprintf("%s/aside", bed.mail);
	demand(rename(home, aside) == 0 && symlink(home, home) == 0, "loop");
	check_map(fd, "encrypted", user, "TEMP cannot tell now");
	close(fd);
	bed_end_well(0);
}

/* Postfix asks who can be sent mail. */
static void case_recipients(void)
{
	static const char *const nobody[] = { "nobody12@x.test", "abcdef123",
		"@x.test", "x.test", "abcdef123@y.test", "../x@x.test",
		"abcdef123@x.test@x.test", "+tag@x.test", "abc\tdef@x.test" };
	AUTO_FREE char *home = xasprintf("%s/abcdef123@x.test", bed.mail);
	AUTO_FREE char *flag = xasprintf("%s/DISABLED", home);
	AUTO_FREE char *file = xasprintf("%s/password", home);

	bed_start(bed.doveauth, 0);
	bed_demand_login(bed_dial(0), "abcdef123", PASSWORD, 'O');
	int fd = bed_dial_raw(AS_POSTFIX, 0);
	check_recipient(fd, "abcdef123@x.test", "OK here");
	check_recipient(fd, "AbcDef123@X.test", "OK here");
	check_recipient(fd, "abcdef123+tag@x.test", "OK here");
	for (size_t i = 0; i < ARRAY_LEN(nobody); i++)
		check_recipient(fd, nobody[i], "NOTFOUND ");
	/* None is made by being asked for. */
	AUTO_FREE char *other = xasprintf("%s/nobody12@x.test", bed.mail);
	demand(access(other, F_OK) < 0, "%s", other);
	close(open(flag, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	check_recipient(fd, "abcdef123@x.test", "NOTFOUND ");
	demand(unlink(flag) == 0, "%s", flag);
	/* "Not now" is a different answer. */
	demand(unlink(file) == 0 && mkdir(file, 0700) == 0, "%s", file);
	check_recipient(fd, "abcdef123@x.test", "TEMP cannot tell now");
	bed_say(fd, SLICE("nonsense"));
	demand(recv(fd, (char[1]){ 0 }, 1, 0) == 0, "nonsense goes on");
	close(fd);
	bed_end_well(0);
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
	int fd = bed_dial_as(AS_DICT, 0);
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

/* Only the sending side is closed: the answer still counts. */
static void case_half_close(void)
{
	bed_start(bed.lastlogin, 0);
	int fd = bed_dial_as(AS_DICT, 0);
	bed_say(fd,
		SLICE("H3\t2\t0\t\tlastlogin\nB1\n"
		      "S1\tshared/last-login/nobody@x.test\t1700000000\nC1\n"));
	shutdown(fd, SHUT_WR);
	bed_expect(fd, "N1");
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
	CASE(blocked),
	CASE(nocreate),
	CASE(existing),
	CASE(pick_up),
	CASE(dropped),
	CASE(guesses),
	CASE(networks),
	CASE(smtp),
	CASE(half_close),
	CASE(pipeline),
	CASE(thousand_connections),
	CASE(nonsense),
	CASE(disk_full),
	CASE(few_inodes),
	CASE(old_journal),
	CASE(list),
	CASE(encrypted_only),
	CASE(recipients),
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
