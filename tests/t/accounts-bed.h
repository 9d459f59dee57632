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

/* A connection, once it listens. */
int bed_dial(int i);
void bed_say(int fd, struct slice text);
/* One line without its LF; "" and false at the end of the connection. */
bool bed_hear(int fd, struct buf *line);

void bed_ask_passdb(int fd, const char *user, const char *password);
/* The hash in an answer O{...}; any other answer ends the test. */
char *bed_hash_of(const struct buf *answer);
bool bed_fits(const char *password, const char *hash);
/* The hash that somebody who logs in, maybe for the first time, is given. */
char *bed_login(int fd, const char *user, const char *password);
/* How many accounts an iteration tells. */
int bed_count_listed(int fd);

#endif
