/*
 * loglines.h - which lines of a log tell of errors, in the ways of
 * Postfix, Dovecot, nginx and our own services. Pure.
 */
#ifndef CMDEPLOY_STATUS_LOGLINES_H
#define CMDEPLOY_STATUS_LOGLINES_H

#include "lib/buf.h"

/* `line` may begin with the time. */
bool log_is_error(struct slice line);
/* Logged as an error, yet nothing that anybody has to mend. */
bool log_is_harmless(struct slice line);

/*
 * The last lines that do, newest first: views into what they came from. Of
 * lines in a row that differ in digits only, the last one stands for all.
 */
enum {
	LOG_LINES_MAX = 5,
};

struct log_errors {
	struct slice last[LOG_LINES_MAX];
	size_t n_last;
	size_t n;
};

/* One more, whatever it says. */
void log_errors_add(struct log_errors *errors, struct slice line);

/*
 * Of the lines whose time stamp ("2026-01-31_12:00:00.123") is not
 * before `since`, in the same form; lines without one count.
 */
void log_find_errors(
	struct slice text, const char *since, struct log_errors *ret_errors);

#endif
