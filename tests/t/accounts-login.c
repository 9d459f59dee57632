/* Who may log in, how soon, and what a master learns of it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "tests/t/accounts-bed.h"
#include "tests/t/accounts-cases.h"

static void set_password(const char *user, const char *text)
{
	AUTO_FREE char *home = xasprintf("%s/%s@x.test", bed.mail, user);
	AUTO_FREE char *file = xasprintf("%s/password", home);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(dir_make(home, 0700, NULL) == 0, "%s", home);
	demand(file_write(file, slice_of(text), owner, NULL) == 0, "%s", file);
}

/* Names that nobody would be given today; a password that changes. */
void case_existing(void)
{
	/* "old-password" and "new-password" */
	static const char before[] =
		"{SHA512-CRYPT}$6$rounds=1000$saltsalt$"
		"7KM5FUYhV8OIsjvMhBcNSNjT/JJFufwZ8kviKsMi9Y/"
		"WL.NAeGJp03I6QUeRUnetzMF2cHCI8xkVb85FDkEcx1";
	static const char after[] =
		"{SHA512-CRYPT}$6$rounds=1000$saltsalt$Ww3KKWP9sAe5cI2."
		"HSRLBX8sDQGkfZnMXnU0ynMn5AJ4jsziqmUhfd7/"
		"p5RqPxAyhjjsMe9osOh2Uu6enJkDe1";

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	set_password("old..name.", before);
	for (int i = 0; i < 2; i++)
		bed_demand_login(fd, "Old..Name.", "old-password", 'O');
	set_password("old..name.", after);
	bed_demand_login(fd, "old..name.", "old-password", 'F');
	bed_demand_login(fd, "old..name.", "new-password", 'O');
	set_password("old..name.", "{X}unknown-scheme");
	bed_demand_login(fd, "old..name.", "new-password", 'T');
	set_password("old..name.", "garbage");
	bed_demand_login(fd, "old..name.", "new-password", 'T');
	demand(!bed_log_has(0, "new-password") && !bed_log_has(0, "name."),
		"somebody is in the log");
	close(fd);
}

static void pick_up(int master, int id, const char *cookie, const char *want)
{
	AUTO_FREE char *line = xasprintf(
		"REQUEST\t5\t4711\t%d\t%s\tsession_pid=1\n", id, cookie);

	bed_say(master, slice_of(line));
	bed_expect(master, want);
}

/* The whole dialogue in one piece and byte by byte. */
void case_pick_up(void)
{
	static const char hello[] = "VERSION\t1\t2\nCPID\t4711\n";
	static const char login[] = "AUTH\t1\tLOGIN\tservice=imap\n"
				    "AUTH\t2\tPLAIN\tservice=imap\n"
				    "CONT\t1\tQUJDREVGMTIzQHgudGVzdA==\n"
				    "CONT\t1\tcmlnaHQtcGFzc3dvcmQ=\n"
				    "CANCEL\t2\n"
				    "CANCEL\t77\n"
				    "CONT\t2\tAAAA\n"
				    "UNKNOWN\tthing\n";
	AUTO_BUF struct buf line = BUF_INIT(TEXT_MAX_BYTES);
	char cookie[64] = "";

	bed_start(bed.doveauth, 0);
	int master = bed_dial_as(AS_MASTER, 0);
	for (size_t step = 1; step <= sizeof(login);
		step += sizeof(login) - 1) {
		int fd = bed_dial_raw(AS_CLIENT, 0);
		bed_say(fd, slice_of(hello));
		while (bed_hear(fd, &line) &&
			strcmp(buf_str(&line), "DONE") != 0)
			sscanf(buf_str(&line), "COOKIE\t%63s", cookie);
		for (struct slice rest = slice_of(login); rest.len > 0;
			rest = slice_from(rest, step))
			bed_say(fd, slice_head(rest, step));
		bed_expect(fd, "CONT\t1\tVXNlcm5hbWU6");
		bed_expect(fd, "CONT\t2\t");
		bed_expect(fd, "CONT\t1\tUGFzc3dvcmQ6");
		bed_expect(fd, "OK\t1\tuser=abcdef123@x.test");
		pick_up(master, 1, "0123456789abcdef0123456789abcdef",
			"FAIL\t5\t");
		pick_up(master, 2, cookie, "FAIL\t5\t");
		pick_up(master, 1, cookie, "USER\t5\tabcdef123@x.test\tuid=");
		pick_up(master, 1, cookie, "FAIL\t5\t");
		bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
		close(fd);
	}
	close(master);
}

enum {
	DROPS = 200,
};

/* Nobody waits any more: nothing comes, and others are served. */
void case_dropped(void)
{
	bed_start(bed.doveauth, 0);
	for (int i = 0; i < DROPS; i++) {
		AUTO_FREE char *user = xasprintf("drop%05d", i);
		AUTO_FREE char *line = NULL;
		int fd = bed_dial(0);
		unsigned id = bed_ask(fd, user, PASSWORD);
		line = xasprintf("CANCEL\t%u\n", id);
		if (i % 2)
			bed_say(fd, slice_of(line));
		close(fd);
	}
	int fd = bed_dial(0);
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	close(fd);
}

/* Somebody guesses: that account gets slow, and no other one. */
void case_guesses(void)
{
	enum {
		GUESSES = 30,
	};
	unsigned id;

	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0), guesser = bed_dial(0);
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	bed_demand_login(fd, "abcdef124", PASSWORD, 'O');
	for (int i = 0; i < GUESSES; i++)
		bed_ask_as(guesser, SLICE("abcdef123@x.test"),
			SLICE("wrong-password"), "\trip=192.0.2.1");
	for (int i = 0; i < GUESSES; i++)
		demand(bed_answer(guesser, &id) == 'F', "not refused");
	for (int i = 0; i < GUESSES; i++)
		bed_ask_as(guesser, SLICE("abcdef123@x.test"),
			SLICE("wrong-password"), "\trip=192.0.2.1");
	uint64_t began = clock_msec();
	/* Neither the neighbour nor a device that is known waits. */
	bed_ask_as(fd, SLICE("abcdef124@x.test"), SLICE(PASSWORD),
		"\trip=192.0.2.1");
	demand(bed_answer(fd, &id) == 'O', "the neighbour is refused");
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	demand(clock_msec() - began < 2000, "others wait");
	int n_late = 0;
	for (int i = 0; i < GUESSES; i++) {
		char answer = bed_answer(guesser, &id);
		demand(answer == 'F' || answer == 'T', "answer %c", answer);
		n_late += answer == 'F';
	}
	demand(n_late == 4, "%d guesses were looked at", n_late);
	demand(clock_msec() - began > 6000, "not slowed down");
	close(fd);
	close(guesser);
}

static const struct {
	const char *address;
	int n; /* accounts that may be made */
} networks[] = {
	{ "192.0.2.%d", 3 },
	{ "198.51.100.%d", 3 },
	{ "2001:db8::%d", 3 },
	{ "2001:db8:0:1::%d", 3 },
	{ "::ffff:203.0.113.%d", 3 },
	{ "127.0.0.%d", 6 },
	{ "", 6 },
};

static void add_address(struct buf *out, const char *form, int n)
{
	const char *place = strstr(form, "%d");

	if (!place)
		return;
	buf_add(out, form, (size_t)(place - form));
	buf_addf(out, "%d", n);
}

void case_networks(void)
{
	AUTO_BUF struct buf fields = BUF_INIT(TEXT_MAX_BYTES);
	int n_users = 0;

	bed_write_ini("max_new_accounts_per_hour = 4\n"
		      "max_new_accounts_per_day = 3\n");
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	for (size_t i = 0; i < ARRAY_LEN(networks); i++)
		for (int k = 1; k <= 6; k++) {
			AUTO_FREE char *user =
				xasprintf("net%06d@x.test", n_users++);
			unsigned id;
			buf_reset(&fields);
			buf_add_str(&fields, "\trip=");
			add_address(&fields, networks[i].address, k);
			bed_ask_as(fd, slice_of(user), SLICE(PASSWORD),
				buf_str(&fields));
			char want = k <= networks[i].n ? 'O' : 'T';
			demand(bed_answer(fd, &id) == want, "%s: %d",
				networks[i].address, k);
		}
	/* Who exists can log in. */
	bed_ask_as(fd, SLICE("net000000@x.test"), SLICE(PASSWORD),
		"\trip=192.0.2.9");
	unsigned id;
	demand(bed_answer(fd, &id) == 'O', "an old user is refused");
	demand(!bed_log_has(0, "192.0.2"), "an address is in the log");
	close(fd);
}

/* Postfix takes FAIL for a wrong password, whatever stands behind it. */
void case_smtp(void)
{
	unsigned id;

	bed_write_ini("min_available_memory = 1000000G\n");
	bed_start(bed.doveauth, 0);
	int fd = bed_dial_as(AS_SMTP, 0);
	bed_say(fd,
		SLICE("AUTH\t1\tPLAIN\tservice=smtp\tnologin\tresp="
		      "AGFiY2RlZjEyM0B4LnRlc3QAcmlnaHQtcGFzc3dvcmQ=\n"));
	demand(bed_answer(fd, &id) == '\0', "it is not ended");
	close(fd);
}
