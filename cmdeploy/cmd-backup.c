/*
 * cmdeploy backup, of a relay in a folder, of this server, or of another one
 * over ssh; and cmdeploy restore, into or onto one of these. Another server
 * is made ready first.
 */
#include <errno.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/folder/folder.h"
#include "cmdeploy/moving/backup.h"
#include "cmdeploy/moving/restic.h"
#include "cmdeploy/moving/restore.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/run/deploy.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"
#include "lib/file.h"
#include "lib/path.h"
#include "lib/proc.h"
#include "lib/words.h"

#define AUTO_RELAY __attribute__((cleanup(relay_release)))

static int end(int r, const struct buf *why)
{
	if (r == -EINTR)
		say_interrupted();
	else if (r < 0)
		say_error("%s", buf_str(why));
	return r < 0 ? EXIT_FAILURE : r;
}

static int of_folder(const char *dir, const struct backup_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_RELAY struct relay relay = { 0 };
	int r = folder_open_existing(dir, &relay, &why);

	if (r == 0)
		r = backup_run(&relay, o, &why);
	return end(r, &why);
}

static int of_server(const struct backup_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_RELAY struct relay relay = { 0 };
	int r = deploy_open(SERVER_INI, &relay, &why);

	if (r == 0 && !server_is_here(relay.config.mail_domain))
		r = because(&why, -ENOENT,
			"this server is not a relay yet, or you are not root");
	if (r == 0)
		r = backup_run(&relay, o, &why);
	return end(r, &why);
}

/* By default that of the settings here. Its key is put beside them. */
static int of_other(const char *ssh_host, const struct backup_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *key = path_beside(command_ini(), BACKUP_KEY);
	__attribute__((cleanup(config_release))) struct config config = { 0 };
	int r = ssh_host
		? 0
		: config_load(command_ini(), &config, NULL, NULL, &why);

	if (r == 0)
		r = backup_remote(
			ssh_host ? ssh_host : config.mail_domain, o, key, &why);
	return end(r, &why);
}

/* Nothing was named: as for status. */
static int of_what_is_there(const struct backup_options *o)
{
	if (file_exists(DIR_DEFAULT "/state"))
		return of_folder(DIR_DEFAULT, o);
	if (file_exists(SERVER_INI))
		return of_server(o);
	return of_other(NULL, o);
}

int cmd_backup(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct backup_options o = { 0 };
	const char *dir = NULL, *ssh_host = NULL;
	bool without_mail = false;
	const struct cmd_option options[] = {
		{ .name = "--dir", .text = &dir },
		{ .name = "--ssh-host", .text = &ssh_host },
		{ .name = "--without-mail", .flag = &without_mail },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "backup", buf_str(&why));
	if (dir && ssh_host)
		return cmd_usage(&commands, "backup",
			"--dir is for a relay of \"up\", --ssh-host for a "
			"server; give one of them");
	o.target = n > 0 ? argv[1] : NULL;
	o.has_mail = !without_mail;
	if (dir)
		return of_folder(dir, &o);
	if (!ssh_host)
		return of_what_is_there(&o);
	return strcmp(ssh_host, HOST_LOCAL) == 0 ? of_server(&o)
						 : of_other(ssh_host, &o);
}

static int restore_here(const struct restore_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = restore_run(o, &why);

	if (r == -EINTR) {
		say_interrupted();
		say("Run it again; it brings back what is missing.");
	} else if (r < 0) {
		say_error("%s", buf_str(&why));
	}
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int restore_there(const char *ssh_host, const struct restore_options *o)
{
	AUTO_FREE char *key = o->key_path
		? xstrdup(o->key_path)
		: path_beside(command_ini(), BACKUP_KEY);
	AUTO_FREE char *variables = path_beside(key, RESTIC_ENV);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_WORDS struct words argv = { 0 };
	int r = restic_check_remote(o->target, &why);

	if (r == 0 && !file_exists(key))
		r = because(&why, -ENOENT,
			"%s: the key of the backup is not there; name it by "
			"--key FILE",
			key);
	if (r < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	words_add_all(&argv,
		(const char *const[]){ "cmdeploy", "restore", "--ssh-host",
			HOST_LOCAL, NULL });
	if (!o->has_mail)
		words_add(&argv, "--without-mail");
	words_add(&argv, "--");
	words_add(&argv, o->target);
	return remote_run(&(struct remote_options){
		.ssh_host = ssh_host,
		.ini_path = command_ini(),
		.skips_dns = true,
		.command = words_list(&argv),
		.files = PROC_WORDS(key, "/etc/chatmail/" BACKUP_KEY, variables,
			"/etc/chatmail/" RESTIC_ENV),
	});
}

int cmd_restore(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct restore_options o = { 0 };
	const char *ssh_host = NULL;
	bool without_mail = false;
	const struct cmd_option options[] = {
		{ .name = "--dir", .text = &o.dir },
		{ .name = "--ssh-host", .text = &ssh_host },
		{ .name = "--key", .text = &o.key_path },
		{ .name = "--without-mail", .flag = &without_mail },
	};
	int n = cmd_parse(argc, argv, options, ARRAY_LEN(options), 1, &why);

	if (n < 0)
		return cmd_usage(&commands, "restore", buf_str(&why));
	if (n == 0)
		return cmd_usage(&commands, "restore",
			"give the place where the backup is");
	if (!o.dir == !ssh_host)
		return cmd_usage(&commands, "restore",
			"give --dir DIR for a relay of \"up\", or --ssh-host "
			"HOST for a server");
	o.target = argv[1];
	o.has_mail = !without_mail;
	return o.dir || strcmp(ssh_host, HOST_LOCAL) == 0
		? restore_here(&o)
		: restore_there(ssh_host, &o);
}
