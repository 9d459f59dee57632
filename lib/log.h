/*
 * log.h - one line to stderr, with the sd-daemon(3) level prefix that
 * journald and our svlogd set-up read.
 *
 * A fixed phrase, then key=value: log_info("refused: reason=unencrypted
 * size=%zu", n). For programs only; libraries hand up a reason instead.
 * Line feeds and control bytes in the text become '?', so that no
 * foreign byte can make a line of its own.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/util.h"

enum log_level {
	LOG_LEVEL_ERR = 3,     /* wakes an operator */
	LOG_LEVEL_WARNING = 4, /* for the morning */
	LOG_LEVEL_NOTICE = 5,  /* a change of state */
	LOG_LEVEL_INFO = 6,    /* one line a transaction */
};

/*
 * Reads from the environment what is said: with CHATMAIL_LOG_LEVEL=info
 * everything; with "notice", or without it, all that is graver than info.
 * Another word counts as notice, with a warning.
 */
void log_read_level(void);

void log_at(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_err(...)     log_at(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_at(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_at(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
