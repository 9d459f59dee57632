/*
 * die.h - the three ways a program of ours ends by itself.
 *
 * No input from the network can reach any of them.
 */
#ifndef LIB_DIE_H
#define LIB_DIE_H

#include "lib/util.h"

/*
 * The operator has to mend something before the program can run: prints
 * the message with the program's name and exits with status 1. At start
 * only; the message names the file, key or host and the next step.
 */
void die(const char *format, ...) PRINTF_LIKE(1, 2) NORETURN;

/* Memory is gone: exits with status 111, so that a supervisor restarts. */
void oom(void) NORETURN;

/* One of our own invariants broke: says where, and aborts (core dump). */
#define bug(what) bug_at(__FILE__, __LINE__, (what))
void bug_at(const char *file, int line, const char *what) NORETURN;

#endif
