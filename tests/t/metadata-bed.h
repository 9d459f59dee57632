/*
 * metadata-bed.h - chatmail-metadata, started between mailboxes and a
 * notification server that is played here, and asked as Dovecot asks it. What
 * goes wrong ends the test.
 */
#ifndef TESTS_T_METADATA_BED_H
#define TESTS_T_METADATA_BED_H

#include "lib/buf.h"
#include "lib/die.h"
#include "tests/t/push-server.h"

enum {
	TEXT_MAX_BYTES = 1 << 20,
	LONGEST_TOKEN = 4096,
};

/* The program, its settings, and the mailboxes of alice and bob. */
void bed_set_up(const char *program);
/* Started, and connected to. */
void bed_start(void);
/* After SIGTERM it ends well. */
void bed_stop(int signo);
double bed_cpu_seconds(void);

void bed_fail_if(bool is_wrong, const char *what);
void bed_write_text(const char *path, const char *text);
/* The file's text; "" when there is none. The caller frees. */
char *bed_read_text(const char *path);
void bed_want_log(const char *text);

/* Sends `text`, and returns the lines of its n answers. The caller frees. */
char *bed_ask(const char *text, size_t n);
void bed_want(const char *text, const char *wanted);
/* Of a user "alice" at x.test, "priv/guid/KEY". */
void bed_set(const char *user, const char *key, const char *value,
	const char *wanted);
void bed_set_token(const char *user, const char *token);
void bed_want_tokens(const char *user, const char *wanted);
/* The caller frees. */
char *bed_long_token(size_t len);

/* As Dovecot says that one has come. */
void bed_message_new(const char *user);
/* Notifications that wait. */
size_t bed_count_queue(void);
void bed_wait_for_queue(size_t n);

#endif
