/* die.c - the three ways in which a program ends itself. */
#include "lib/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	EXIT_OOM = 111,
};

void die(const char *format, ...)
{
	va_list args;

	/* "<3>" is the journal's "err"; people at a terminal need none. */
	if (!isatty(STDERR_FILENO) && getenv("JOURNAL_STREAM"))
		fputs("<3>", stderr);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

void oom(void)
{
	static const char text[] = "<2>out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EXIT_OOM);
}

void bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "<2>bug: %s:%d: %s\n", file, line, what);
	abort();
}
