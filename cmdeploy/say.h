/*
 * say.h - what cmdeploy tells the person at the terminal: one aligned
 * line a step, with its time. Colour and lines that change in place only
 * on a terminal, and no colour when NO_COLOR is set.
 */
#ifndef CMDEPLOY_SAY_H
#define CMDEPLOY_SAY_H

#include <stdbool.h>

#include "lib/slice.h"
#include "lib/util.h"

/* Standard output is a terminal; one that may have colours. */
bool say_is_terminal(void);
bool say_has_colour(void);

/* How a word is meant; say_tone(SAY_PLAIN) ends it. "" without colours. */
enum say_tone {
	SAY_PLAIN,
	SAY_GOOD,
	SAY_DOUBT,
	SAY_BAD,
};

const char *say_tone(enum say_tone tone);

/* How a person calls this program: scripts/cmdeploy tells its own name. */
const char *say_program(void);

void say(const char *format, ...) PRINTF_LIKE(1, 2);
void say_bold(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * A step begins; what it is at just now; how it ended, with the time. What
 * is longer than a line is broken at blanks.
 */
void say_step(const char *name);
void say_progress(struct slice text);
/* The same with a line of a program's output, as on_line of struct proc. */
void say_progress_line(struct slice line, void *owner);
/* A line of what happens in it, which stays, unlike progress. */
void say_detail(struct slice text);
void say_done(const char *format, ...) PRINTF_LIKE(1, 2);
/* Ends an open step as failed, if there is one. */
void say_failed(void);
/* The same, but it was told to stop. */
void say_interrupted(void);

/* To standard error: "cmdeploy: text", "cmdeploy: note: text". */
void say_error(const char *format, ...) PRINTF_LIKE(1, 2);
void say_note(const char *text);
/* The same, for a settings_warn_fn. */
void say_settings_note(const char *text, void *owner);

#endif
