/*
 * commands.h - the subcommands of cmdeploy, one file each (cmd-*.c; restore
 * is with backup, upgrade and leave with run, migrate with proxy), and what
 * they share.
 *
 * Exit status: 0 done; 1 could not be done, standard error says why; 2
 * wrong arguments; 3 (status, down, test) no relay runs there; 4 (dns) only
 * recommended records are not right.
 */
#ifndef CMDEPLOY_COMMANDS_H
#define CMDEPLOY_COMMANDS_H

#include "lib/cmd.h"

enum {
	EXIT_NOT_RUNNING = 3,
	EXIT_RECOMMENDED = 4,
};

extern const struct cmd_set commands;

int cmd_bench(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_up(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_upgrade(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_dns(int argc, char **argv);
int cmd_qr(int argc, char **argv);
int cmd_webdev(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_proxy(int argc, char **argv);
int cmd_leave(int argc, char **argv);
int cmd_migrate(int argc, char **argv);

/*
 * For commands whose only argument is --dir DIR: its value, or the
 * default folder. NULL, after a word to the user, when something else
 * was given.
 */
const char *command_dir(int argc, char **argv);

/* The settings when none were named: $CHATMAIL_INI, else chatmail.ini. */
const char *command_ini(void);
/* One was named there, or one lies here. */
bool command_has_ini(void);

#define DIR_DEFAULT "relay"
/* What --ssh-host takes for this machine. */
#define HOST_LOCAL "@local"

#endif
