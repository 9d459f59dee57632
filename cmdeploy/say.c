/* What is said to the person at the terminal. */
#include "cmdeploy/say.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"

enum {
	NAME_WIDTH = 9,
	TEXT_WIDTH = 56,
	LINE_MAX_BYTES = 4096,
};

#define BOLD  "\033[1m"
#define FAINT "\033[2m"
#define RED   "\033[31m"
#define GREEN "\033[32m"
#define AMBER "\033[33m"
#define PLAIN "\033[0m"
#define CLEAR "\r\033[K"

static const char *open_step;
static struct timespec open_since;

bool say_is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

bool say_has_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return say_is_terminal() && (!no_color || !no_color[0]);
}

static const char *colour(const char *code)
{
	return say_has_colour() ? code : "";
}

const char *say_tone(enum say_tone tone)
{
	static const char *const codes[] = {
		[SAY_PLAIN] = PLAIN,
		[SAY_GOOD] = GREEN,
		[SAY_DOUBT] = AMBER,
		[SAY_BAD] = RED,
	};

	return colour(codes[tone]);
}

const char *say_program(void)
{
	const char *name = getenv("CMDEPLOY_CALLED");

	return name && name[0] ? name : "cmdeploy";
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void say_bold(const char *format, ...)
{
	va_list args;

	fputs(colour(BOLD), stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("%s\n", colour(PLAIN));
	fflush(stdout);
}

void say_step(const char *name)
{
	open_step = name;
	clock_gettime(CLOCK_MONOTONIC, &open_since);
	if (say_is_terminal())
		say_progress(SLICE("..."));
}

void say_progress_line(struct slice line, void *owner UNUSED)
{
	if (slice_trim(line).len > 0)
		say_progress(slice_trim(line));
}

void say_progress(struct slice text)
{
	char line[TEXT_WIDTH + 1];
	size_t len = 0;

	if (!open_step || !say_is_terminal())
		return;
	for (; len < TEXT_WIDTH && len < text.len; len++) {
		unsigned char c = (unsigned char)text.ptr[len];
		line[len] = (char)(c < 0x20 || c >= 0x7f ? ' ' : c);
	}
	printf(CLEAR "  %-*s %s%.*s%s", NAME_WIDTH, open_step, colour(FAINT),
		(int)len, line, colour(PLAIN));
	fflush(stdout);
}

void say_detail(struct slice text)
{
	fputs(say_is_terminal() ? CLEAR : "", stdout);
	printf("    %s%.*s%s\n", colour(FAINT), SLICE_FMT(text), colour(PLAIN));
	fflush(stdout);
}

static double seconds_open(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - open_since.tv_sec) +
		(double)(now.tv_nsec - open_since.tv_nsec) / 1e9;
}

/* How much of the text goes onto one line: up to a blank, if there is one. */
static size_t line_len(struct slice text)
{
	size_t len = TEXT_WIDTH;

	if (text.len <= TEXT_WIDTH)
		return text.len;
	while (len > 0 && text.ptr[len] != ' ')
		len--;
	return len > 0 ? len : text.len;
}

static const char *take_step(void)
{
	const char *step = open_step;

	open_step = NULL;
	return step ? step : "";
}

void say_done(const char *format, ...)
{
	AUTO_BUF struct buf text = BUF_INIT(LINE_MAX_BYTES);
	const char *name = take_step();
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	fputs(say_is_terminal() ? CLEAR : "", stdout);
	struct slice rest = buf_slice(&text);
	for (size_t len; (len = line_len(rest)) < rest.len; name = "") {
		printf("  %-*s %.*s\n", NAME_WIDTH, name, (int)len, rest.ptr);
		rest = slice_from(rest, len + 1);
	}
	printf("  %-*s %-*.*s %s%6.2f s%s\n", NAME_WIDTH, name, TEXT_WIDTH,
		SLICE_FMT(rest), colour(FAINT), seconds_open(), colour(PLAIN));
	fflush(stdout);
}

static void end_step(const char *code, const char *how)
{
	if (!open_step)
		return;
	printf("%s  %-*s %s%s%s\n", say_is_terminal() ? CLEAR : "", NAME_WIDTH,
		take_step(), colour(code), how, colour(PLAIN));
	fflush(stdout);
}

void say_failed(void)
{
	end_step(RED, "failed");
}

void say_interrupted(void)
{
	end_step(PLAIN, "interrupted");
}

void say_error(const char *format, ...)
{
	bool has_colour = isatty(STDERR_FILENO) && say_has_colour();
	va_list args;

	say_failed();
	fprintf(stderr, "%scmdeploy:%s ", has_colour ? RED : "",
		has_colour ? PLAIN : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void say_note(const char *text)
{
	fprintf(stderr, "cmdeploy: note: %s\n", text);
}

void say_settings_note(const char *text, void *owner UNUSED)
{
	say_note(text);
}
