/*
 * cmdeploy run: on this server (@local), or on another one over ssh, where
 * the same program does the same. cmdeploy upgrade: of another one only.
 */
#include <errno.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/remote/upgrade.h"
#include "cmdeploy/run/deploy.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"

static int run_local(const struct remote_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct deploy_options deploy = {
		.ini = o->ini_path ? o->ini_path : SERVER_INI,
		.is_dry_run = o->is_dry_run,
		.disable_mail = o->is_disable_mail,
		.website_only = o->is_website_only,
		.is_verbose = o->is_verbose,
		.skips_dns = o->skips_dns,
	};
	int r = deploy_run(&deploy, &why);

	if (r == -EINTR) {
		say_interrupted();
		return EXIT_FAILURE;
	}
	if (r < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int cmd_run(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct remote_options o = { 0 };
	const struct cmd_option table[] = {
		{ .name = "--ssh-host", .text = &o.ssh_host },
		{ .name = "--ini", .text = &o.ini_path },
		{ .name = "--config", .text = &o.ini_path },
		{ .name = "--dry-run", .flag = &o.is_dry_run },
		{ .name = "--disable-mail", .flag = &o.is_disable_mail },
		{ .name = "--website-only", .flag = &o.is_website_only },
		{ .name = "--skip-dns-check", .flag = &o.skips_dns },
		{ .name = "-v", .flag = &o.is_verbose },
	};

	if (cmd_parse(argc, argv, table, ARRAY_LEN(table), 0, &why) < 0)
		return cmd_usage(&commands, "run", buf_str(&why));
	if (o.ssh_host && strcmp(o.ssh_host, HOST_LOCAL) == 0)
		return run_local(&o);
	if (!o.ini_path)
		o.ini_path = command_ini();
	return remote_run(&o);
}

int cmd_upgrade(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct upgrade_options o = { 0 };
	const struct cmd_option table[] = {
		{ .name = "--ssh-host", .text = &o.run.ssh_host },
		{ .name = "--ini", .text = &o.run.ini_path },
		{ .name = "--config", .text = &o.run.ini_path },
		{ .name = "--backup", .text = &o.backup },
		{ .name = "--no-backup", .flag = &o.is_without_backup },
		{ .name = "-v", .flag = &o.run.is_verbose },
	};

	if (cmd_parse(argc, argv, table, ARRAY_LEN(table), 0, &why) < 0)
		return cmd_usage(&commands, "upgrade", buf_str(&why));
	if (o.run.ssh_host && strcmp(o.run.ssh_host, HOST_LOCAL) == 0)
		return cmd_usage(&commands, "upgrade",
			"the server restarts meanwhile, so call it from "
			"another machine");
	if (!o.run.ini_path)
		o.run.ini_path = command_ini();
	return upgrade_run(&o);
}
