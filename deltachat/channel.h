/*
 * channel.h - a child process that one talks to in lines: what is sent
 * arrives at its standard input, what it prints on standard output is
 * received, its standard error goes to a log file.
 *
 * Blocking, with a deadline on everything. A function returns 0 or a
 * negative errno with a reason: -ETIMEDOUT when the deadline passed,
 * -EPIPE when the child is gone (the reason says how it ended and ends
 * with the last line of its log), -EMSGSIZE for a line over the limit.
 */
#ifndef DELTACHAT_CHANNEL_H
#define DELTACHAT_CHANNEL_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/slice.h"

enum {
	CHANNEL_LINE_MAX_BYTES = 32 << 20,
};

struct channel;

struct channel_command {
	const char *const *argv; /* NULL-terminated; argv[0] is the file */
	const char *const *env;  /* NULL-terminated additions "KEY=value" */
	const char *log_path;    /* appended to; made if need be */
};

/* Milliseconds of the monotonic clock, and the moment `ms` from now. */
int64_t clock_now_ms(void);
int64_t clock_in_ms(int ms);

/* Starts the child; the caller ends it with channel_stop(). */
int channel_start(const struct channel_command *command,
	struct channel **ret_channel, struct buf *why) MUST_CHECK;
/* Sends the line (without its LF) whole. */
int channel_send(struct channel *c, struct slice line, int64_t deadline,
	struct buf *why) MUST_CHECK;
/* The next line, without its LF; valid until the next call. */
int channel_receive(struct channel *c, int64_t deadline, struct slice *ret_line,
	struct buf *why) MUST_CHECK;
/*
 * Closes the child's standard input, gives it `grace_ms` to end, then
 * kills it; frees. Accepts NULL.
 */
void channel_stop(struct channel *c, int grace_ms);

/* Appends a line to the child's log file. */
void channel_log(struct channel *c, struct slice line);

#endif
