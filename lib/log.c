/* log.c - lines of the log, with the level that systemd reads. */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

enum {
	LINE_MAX_BYTES = 1024,
};

#define LEVEL_VARIABLE "CHATMAIL_LOG_LEVEL"

static enum log_level max_level = LOG_LEVEL_NOTICE;

void log_read_level(void)
{
	const char *word = getenv(LEVEL_VARIABLE);

	max_level = LOG_LEVEL_NOTICE;
	if (!word || strcmp(word, "notice") == 0)
		return;
	if (strcmp(word, "info") == 0)
		max_level = LOG_LEVEL_INFO;
	else
		log_warning(LEVEL_VARIABLE
			": \"%s\" is neither notice nor info; notice it is",
			word);
}

void log_at(enum log_level level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	if (level > max_level)
		return;
	size_t start = (size_t)snprintf(line, sizeof(line), "<%d>", level);
	va_start(args, format);
	int n = vsnprintf(line + start, sizeof(line) - start, format, args);
	va_end(args);
	if (n < 0)
		return;
	size_t len = strlen(line);
	for (size_t i = start; i < len; i++)
		if (ascii_is_control(line[i]))
			line[i] = '?';
	if (len == sizeof(line) - 1)
		len--;
	line[len++] = '\n';
	/* One write(2), so that threads and processes do not interleave. */
	int ignored = fd_write_all(STDERR_FILENO, slice_make(line, len));
	(void)ignored;
}
