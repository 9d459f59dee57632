/*
 * dict-program.h - main() of a program that answers Dovecot's dict
 * protocol: its arguments are SOCKET and INI. It reads the settings, opens
 * the counters, and serves the socket, until it is told to end.
 */
#ifndef CHATMAILD_COMMON_DICT_PROGRAM_H
#define CHATMAILD_COMMON_DICT_PROGRAM_H

#include "chatmaild/common/config.h"
#include "chatmaild/common/counters.h"
#include "chatmaild/common/dict-server.h"
#include "chatmaild/common/user.h"

struct dict_program {
	const char *name;
	enum config_reader reader;
	const char *const *counter_names;
	const struct dict_ops *ops; /* their owner is the program */
	/* Before anybody is served; ends by die() if it cannot. May be NULL. */
	void (*start)(struct dict_program *program, const char *ini_path);
	/* When nobody is served any more. May be NULL. */
	void (*stop)(struct dict_program *program);

	/* Set before start(), released after stop(). */
	sd_event *event;
	struct config config;
	struct users users;
	struct counters counters;

	struct config_overrides overrides;
	struct dict_server *server;
};

int dict_program_main(struct dict_program *program, int argc, char **argv);

#endif
