/*
 * filtermail-bed.h - filtermail between a client and a server that are played
 * here. What goes wrong ends the test.
 */
#ifndef TESTS_T_FILTERMAIL_BED_H
#define TESTS_T_FILTERMAIL_BED_H

#include "lib/buf.h"
#include "lib/die.h"
#include "lib/file.h"

enum {
	TEXT_MAX_BYTES = 1 << 24,
};

struct bed {
	const char *program;
	struct buf ini;
	struct buf args; /* words */
	const char *mode;
	pid_t pid;
	int listener;
	int client;
	int server;
	bool is_parked;    /* it may take another message */
	const char *where; /* the line that is being played */
};

void NORETURN bed_fail(
	const struct bed *bed, const char *what, struct slice got);
void bed_fail_wanting(
	const struct bed *bed, struct slice got, struct slice want);

/* Settings and arguments may be added to `bed` between these two. */
void bed_prepare(struct bed *bed, const char *program);
void bed_start(struct bed *bed);
/* After SIGTERM it ends well. */
void bed_stop(struct bed *bed);

void bed_send_all(const struct bed *bed, int fd, struct slice text);
/* The other side may hang up meanwhile. */
void bed_send_some(int fd, struct slice text);
/* Exactly these bytes come next. */
void bed_expect(const struct bed *bed, int fd, struct slice want);
/* The connection ends without a final dot. */
void bed_expect_lost(const struct bed *bed, int fd);
void bed_text_to(const struct bed *bed, int fd, const char *text);
void bed_text_from(const struct bed *bed, int fd, const char *text);

/* Steps of a dialogue (filtermail.c). */
void bed_connect(struct bed *bed);
void bed_open(struct bed *bed);
void bed_accept(struct bed *bed);
void bed_relay(struct bed *bed);
void bed_lost(struct bed *bed);
void bed_alone(struct bed *bed);
void bed_deaf(struct bed *bed);
void bed_drop(struct bed *bed);
void bed_leave(struct bed *bed);
void bed_end(struct bed *bed);
void bed_mail(struct bed *bed, struct slice from, struct slice to);
/* From the client, or as the server gets it. */
void bed_message(struct bed *bed, struct slice from, bool is_arrival);
/* An encrypted message and its dot. */
void bed_add_message(struct buf *out, struct slice from);

#endif
