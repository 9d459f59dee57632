/*
 * banned.h - functions that no file of this project may call.
 *
 * The build puts this header in front of every source file
 * (-include). The system headers that declare the names come first,
 * so that only our own uses are errors. Each has a better neighbour:
 * struct buf for text, num_parse_*() for numbers, *_r() for time and
 * crypt, posix_spawn and struct proc for programs, random_*() for
 * chance, sd_event for signals.
 */
#ifndef LIB_BANNED_H
#define LIB_BANNED_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* With _FORTIFY_SOURCE, clang finds some of them as macros. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok
#pragma GCC poison atoi atol atof strtol strtoul strtoll strtoull
#pragma GCC poison gets gmtime localtime ctime asctime
#pragma GCC poison srand random system popen mktemp tmpnam signal

/* Headers of OpenSSL give parameters that name, which no poison allows. */
int rand_is_banned(void) __attribute__((error("use random_*()")));
#define rand rand_is_banned

#endif
