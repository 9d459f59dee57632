/*
 * cmdeploy run: on this server (@local), or on another one over ssh, where
 * the same program does the same. cmdeploy upgrade: of another one only.
 * cmdeploy leave: ends what a run has made, as a run does, here or there.
 */
#include <errno.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/host/lock.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/remote/upgrade.h"
#include "cmdeploy/run/deploy.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/check.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/takeover/takeover.h"

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

static void show_next_steps(size_t n_blocked)
{
	say_bold("The server is ready for the chatmail software in Python; "
		 "until that runs, it serves no mail.");
	say("Accounts, mail, DKIM key and certificate are where it looks for "
	    "them.");
	if (n_blocked > 0)
		say("%zu blocked account%s no mail there, but can log in.",
			n_blocked, n_blocked == 1 ? " gets" : "s get");
	say("Next: on your machine, copy the settings "
	    "(/usr/local/lib/chatmaild/chatmail.ini) to its chatmail.ini, and "
	    "call its \"cmdeploy run\".");
	say("Our \"cmdeploy run\" brings this relay back, with all that has "
	    "come meanwhile.");
}

static int leave(struct relay *relay, struct buf *why)
{
	AUTO_CLOSE int fd = -1;
	size_t n_blocked = 0;
	int r = geteuid() == 0
		? server_check_there(relay, why)
		: because(why, -EPERM,
			  "only root can do that; try it with sudo");

	if (r == 0 && !relay->has_systemd)
		r = because(why, -ENOTSUP,
			"that software needs systemd, which does not run here");
	if (r == 0)
		r = lock_open(DEPLOY_LOCK, &fd, why);
	if (r < 0)
		return r;
	if (lock_try(fd) <= 0)
		return because(why, -EBUSY,
			"a run is going on here; call this again after it");
	r = takeover_leave(relay, &n_blocked, why);
	if (r == 0)
		show_next_steps(n_blocked);
	return r;
}

static int leave_local(const char *ini)
{
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = deploy_open(ini ? ini : SERVER_INI, &relay, &why);

	if (r == 0)
		r = leave(&relay, &why);
	if (r == 0)
		return EXIT_SUCCESS;
	say_error("%s", buf_str(&why));
	return EXIT_FAILURE;
}

int cmd_leave(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *ssh_host = NULL, *ini = NULL;
	const struct cmd_option table[] = {
		{ .name = "--ssh-host", .text = &ssh_host },
		{ .name = "--ini", .text = &ini },
		{ .name = "--config", .text = &ini },
	};

	if (cmd_parse(argc, argv, table, ARRAY_LEN(table), 0, &why) < 0)
		return cmd_usage(&commands, "leave", buf_str(&why));
	if (ssh_host && strcmp(ssh_host, HOST_LOCAL) == 0)
		return leave_local(ini);
	return remote_run(&(struct remote_options){
		.ssh_host = ssh_host,
		.ini_path = ini ? ini : command_ini(),
		.skips_dns = true,
		.command = (const char *const[]){ "cmdeploy", "leave",
			"--ssh-host", HOST_LOCAL, NULL },
	});
}
