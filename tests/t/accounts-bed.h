/*
 * accounts-bed.h - doveauth and its kin, started on a mail folder of their
 * own and asked as Dovecot asks them. What goes wrong ends the test.
 */
#ifndef TESTS_T_ACCOUNTS_BED_H
#define TESTS_T_ACCOUNTS_BED_H

#include "lib/buf.h"
#include "lib/die.h"

enum {
	PATIENCE_SEC = 30,
	TEXT_MAX_BYTES = 1 << 24,
	SERVICES_MAX = 2,
};

#define PASSWORD "right-password"
#define OTHER    "other-password"

#define demand(condition, format, ...)                                         \
	do {                                                                   \
		if (!(condition))                                              \
			die("%s: " format, #condition, ##__VA_ARGS__);         \
	} while (0)

/* The programs, and where their files are. */
struct bed {
	const char *doveauth, *lastlogin, *newemail;
	char *dir, *mail, *ini;
};

extern struct bed bed;

/* Makes the folders, runs the case, and ends what it has started, well. */
void bed_run_case(void (*run)(void));

/* Settings, with these lines behind them. */
void bed_write_ini(const char *more);

/* Service number i; its log is of all that ran under that number. */
void bed_start(const char *program, int i);
/* What waitpid(2) tells; 0 when it does not run. */
int bed_stop(int i, int sig);
void bed_end_well(int i);
bool bed_log_has(int i, const char *text);

/* Of doveauth, as imap-login and imap have it; greeted, and its greeting read.
 * Of others, a connection. */
enum socket {
	AS_CLIENT,
	AS_SMTP,
	AS_MASTER,
	AS_POSTFIX,
	AS_FILTER,
	AS_DICT
};

/* A connection, once it listens. */
int bed_dial_as(enum socket as, int i);
int bed_dial(int i); /* AS_CLIENT */
/* Nothing is said yet. */
int bed_dial_raw(enum socket as, int i);
void bed_say(int fd, struct slice text);
/* One line without its LF; "" and false at the end of the connection. */
bool bed_hear(int fd, struct buf *line);
/* The same; ends the test when it does not begin with `want`. */
void bed_expect(int fd, const char *want);

/* Asks for a login, with what stands before "@"; its id. */
unsigned bed_ask(int fd, const char *user, const char *password);
/* The same, with the whole address and further fields ("\trip=..."). */
unsigned bed_ask_as(int fd, struct slice address, struct slice password,
	const char *fields);
/*
 * The next answer: 'O' it was good, 'F' it was not, 'T' not now, 'C' a
 * challenge, '\0' the connection has ended.
 */
char bed_answer(int fd, unsigned *ret_id);
char bed_login(int fd, const char *user, const char *password);
/* Ends the test when that is not what the login comes to. */
void bed_demand_login(
	int fd, const char *user, const char *password, char want);

/* The password file of an account says this password. */
bool bed_fits(const char *password, const char *user);
/* How many accounts a list tells. */
int bed_count_listed(int i);

#endif
