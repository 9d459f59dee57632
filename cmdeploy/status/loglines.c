/* Which lines of a log tell of errors. */
#include "cmdeploy/status/loglines.h"

#include <string.h>

enum {
	STAMP_BYTES = 19, /* 2026-01-31_12:00:00 */
	STAMP_DAY_BYTES = 10,
};

/* Each as its program writes it, wherever it stands in the line. */
static const struct {
	struct slice words;
} marks[] = {
	{ { "<0>", 3 } },
	{ { "<1>", 3 } },
	{ { "<2>", 3 } },
	{ { "<3>", 3 } },
	{ { ": error: ", 9 } },
	{ { ": fatal: ", 9 } },
	{ { ": panic: ", 9 } },
	{ { " Error: ", 8 } },
	{ { " Fatal: ", 8 } },
	{ { " Panic: ", 8 } },
	{ { " [error] ", 9 } },
	{ { " [crit] ", 8 } },
	{ { " [alert] ", 9 } },
	{ { " [emerg] ", 9 } },
};

/* What nginx calls an error, and is none. */
static const char *const harmless[] = {
	/* A client that left before nginx had passed its first bytes on. */
	"broken header: \"\" while reading PROXY",
	/* newemail has refused an account, and said so. */
	"FastCGI sent in stderr: \"<4>",
	"FastCGI sent in stderr: \"<5>",
};

bool log_is_harmless(struct slice line)
{
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (memmem(line.ptr, line.len, harmless[i],
			    strlen(harmless[i])))
			return true;
	return false;
}

bool log_is_error(struct slice line)
{
	if (log_is_harmless(line))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (memmem(line.ptr, line.len, marks[i].words.ptr,
			    marks[i].words.len))
			return true;
	return false;
}

static bool is_before(struct slice line, const char *since)
{
	return line.len >= STAMP_BYTES && line.ptr[4] == '-' &&
		line.ptr[STAMP_DAY_BYTES] == '_' &&
		memcmp(line.ptr, since, STAMP_BYTES) < 0;
}

void log_errors_add(struct log_errors *errors, struct slice line)
{
	errors->n++;
	/* The same once more, at another time, of another process. */
	if (errors->n_last > 0 &&
		slice_eq_without(line, errors->last[0], ascii_is_digit)) {
		errors->last[0] = line;
		return;
	}
	if (errors->n_last < LOG_LINES_MAX)
		errors->n_last++;
	memmove(errors->last + 1, errors->last,
		(errors->n_last - 1) * sizeof(errors->last[0]));
	errors->last[0] = line;
}

void log_find_errors(
	struct slice text, const char *since, struct log_errors *ret_errors)
{
	struct log_errors errors = { 0 };
	struct slice line;

	while (slice_next_line(&text, &line))
		if (!is_before(line, since) && log_is_error(line))
			log_errors_add(&errors, line);
	*ret_errors = errors;
}
