/* The table of the subcommands, and the program that calls one. */
#include "cmdeploy/commands.h"

#include <string.h>

#include "lib/file.h"

static const struct cmd table[] = {
	{ "init", "DOMAIN [--ini FILE] [--force]",
		"Write a commented chatmail.ini for a name or an IP address",
		cmd_init },
	{ "up", "[ADDRESS] [--dir DIR] [--dry-run] [--detach]",
		"Run a whole relay on this machine, from a folder of its own",
		cmd_up },
	{ "run",
		"[--ssh-host HOST|@local] [--ini FILE] [--dry-run] "
		"[--disable-mail] [--website-only] [--skip-dns-check] [-v]",
		"Make a server a relay, or bring it up to date", cmd_run },
	{ "upgrade",
		"[--ssh-host HOST] [--ini FILE] [--backup FILE] [--no-backup] "
		"[-v]",
		"Bring a relay's server from Debian 12 to 13", cmd_upgrade },
	{ "down", "[--dir DIR]", "Stop a relay that was started by up",
		cmd_down },
	{ "dns", "[--ini FILE] [--ssh-host HOST|@local] [--zonefile FILE]",
		"Compare a relay's DNS records with what it needs", cmd_dns },
	{ "status", "[--dir DIR] [--ssh-host HOST|@local] [--json]",
		"Show the state of a relay, and what needs attention",
		cmd_status },
	{ "test",
		"[DOMAIN] [--second DOMAIN] [--echo] [--dir DIR] [--ini FILE] "
		"[--tap] [--junit FILE] [-k PATTERN] [--timeout SECONDS] "
		"[--list]",
		"Try a relay from outside, as strangers and apps see it",
		cmd_test },
	{ "backup",
		"[--dir DIR | --ssh-host HOST|@local] [--without-mail] "
		"[TARGET]",
		"Make a backup of a relay while it runs", cmd_backup },
	{ "restore",
		"--dir DIR | --ssh-host HOST|@local [--key FILE] "
		"[--without-mail] TARGET",
		"Bring a relay back out of a backup", cmd_restore },
	{ "proxy",
		"--ssh-host HOST [--to HOST] [--tunnel] [--ini FILE] "
		"[--remove]",
		"Make a host forward a relay's ports to it", cmd_proxy },
	{ "migrate",
		"[--from HOST --to HOST] [--ini FILE] [--dry-run] [--wait] "
		"[-v] | --finish [--force]",
		"Move a relay to another server, or wipe the old one after it",
		cmd_migrate },
	{ "leave", "[--ssh-host HOST|@local] [--ini FILE]",
		"Make a server ready for the chatmail software in Python",
		cmd_leave },
	{ "bench",
		"[DOMAIN] [--vs DOMAIN|--vs-dir DIR] [--dir DIR] [--ini FILE] "
		"[--rounds N] [--echo] [--json] [--html FILE] "
		"[--timeout SECONDS] "
		"[--load] [--ssh-host HOST] [--users N] [--rate R] "
		"[--seconds S] [--until-slow]",
		"Measure how fast a relay is, or how much it carries",
		cmd_bench },
	{ "qr", "[--dir DIR]", "Draw the code that makes an account in the app",
		cmd_qr },
	{ "webdev", "[--ini FILE] [--copy] [--port PORT] [--no-browser]",
		"Show the web pages while you change them", cmd_webdev },
};

const struct cmd_set commands = {
	.program = "cmdeploy",
	.about = "sets up and runs chatmail relays",
	.cmds = table,
	.n = ARRAY_LEN(table),
};

const char *command_dir(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *dir = DIR_DEFAULT;
	const struct cmd_option options[] = {
		{ .name = "--dir", .text = &dir },
	};

	if (cmd_parse(argc, argv, options, ARRAY_LEN(options), 0, &why) == 0)
		return dir;
	cmd_usage(&commands, argv[0], buf_str(&why));
	return NULL;
}

const char *command_ini(void)
{
	const char *named = getenv("CHATMAIL_INI");

	return named && named[0] ? named : "chatmail.ini";
}

bool command_has_ini(void)
{
	const char *path = command_ini();

	return strcmp(path, "chatmail.ini") != 0 || file_exists(path);
}

int main(int argc, char **argv)
{
	return cmd_main(&commands, argc, argv);
}
