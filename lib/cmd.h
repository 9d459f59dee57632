/*
 * cmd.h - programs with subcommands, and their options, as tables.
 */
#ifndef LIB_CMD_H
#define LIB_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct cmd {
	const char *name;
	const char *usage; /* what follows the name: "[ADDRESS] [--dir DIR]" */
	const char *help;  /* one line, no full stop */
	/* argv[0] is the name; the exit status is returned. */
	int (*run)(int argc, char **argv);
};

struct cmd_set {
	const char *program;
	const char *about; /* one line */
	const struct cmd *cmds;
	size_t n;
};

enum {
	CMD_EXIT_USAGE = 2,
};

/*
 * Runs the command that argv[1] names and returns its status. Answers
 * --help, --version and `COMMAND --help` by itself; a command that does
 * not exist is refused with the nearest one that does.
 */
int cmd_main(const struct cmd_set *set, int argc, char **argv);

/* One option of a command: "--name" sets a flag, "--name VALUE" a text. */
struct cmd_option {
	const char *name; /* with its dashes */
	const char **text;
	bool *flag;
};

/*
 * Takes the options out of argv (also "--name=VALUE"; "--" ends them)
 * and leaves the rest in order. Returns how many are left after argv[0];
 * -EINVAL, and `why` set, for an unknown option, a missing value, or more
 * than max_args arguments.
 */
int cmd_parse(int argc, char **argv, const struct cmd_option *options,
	size_t n_options, int max_args, struct buf *why) MUST_CHECK;

/* Prints why and the usage line of `name`; returns CMD_EXIT_USAGE. */
int cmd_usage(const struct cmd_set *set, const char *name, const char *why);

#endif
