/*
 * cmdeploy proxy: a host that forwards a relay's ports to it. cmdeploy migrate:
 * a relay moves to another server.
 */
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/moving/migrate.h"
#include "cmdeploy/moving/proxy.h"
#include "cmdeploy/remote/remote.h"

int cmd_proxy(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct proxy_options o = { .ini_path = NULL };
	const struct cmd_option options[] = {
		{ .name = "--ssh-host", .text = &o.ssh_host },
		{ .name = "--to", .text = &o.to },
		{ .name = "--tunnel", .flag = &o.is_tunnel },
		{ .name = "--ini", .text = &o.ini_path },
		{ .name = "--remove", .flag = &o.is_removal },
	};

	if (cmd_parse(argc, argv, options, ARRAY_LEN(options), 0, &why) < 0)
		return cmd_usage(&commands, "proxy", buf_str(&why));
	if (!o.ssh_host || strcmp(o.ssh_host, HOST_LOCAL) == 0)
		return cmd_usage(&commands, "proxy",
			"give --ssh-host HOST, the host that becomes the "
			"proxy; it is another one than this");
	if (o.is_tunnel && (!o.to || strcmp(o.to, HOST_LOCAL) == 0))
		return cmd_usage(&commands, "proxy",
			"--tunnel needs --to HOST: where ssh finds the relay");
	if (o.is_removal && o.to && !o.is_tunnel)
		return cmd_usage(&commands, "proxy",
			"--to is not for --remove but with --tunnel");
	if (!o.ini_path)
		o.ini_path = command_ini();
	return remote_end(proxy_run(&o, &why), &why);
}

/* What does not go together; NULL: all is well. */
static const char *complaint(const struct move_options *o, bool is_finish)
{
	if (!o->from != !o->to)
		return "give both --from HOST and --to HOST, or neither, for "
		       "the move that has begun";
	if (o->from &&
		(strcmp(o->from, HOST_LOCAL) == 0 ||
			strcmp(o->to, HOST_LOCAL) == 0))
		return "call it from a third machine, not from one of the two servers";
	if (o->from && strcmp(o->from, o->to) == 0)
		return "--from and --to name the same server";
	if (is_finish && (o->is_dry_run || o->waits))
		return "--dry-run and --wait are not for --finish";
	if (!is_finish && o->is_forced)
		return "--force is for --finish";
	return NULL;
}

int cmd_migrate(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct move_options o = { 0 };
	bool is_finish = false;
	const struct cmd_option options[] = {
		{ .name = "--from", .text = &o.from },
		{ .name = "--to", .text = &o.to },
		{ .name = "--ini", .text = &o.ini_path },
		{ .name = "--config", .text = &o.ini_path },
		{ .name = "--dry-run", .flag = &o.is_dry_run },
		{ .name = "--wait", .flag = &o.waits },
		{ .name = "--finish", .flag = &is_finish },
		{ .name = "--force", .flag = &o.is_forced },
		{ .name = "-v", .flag = &o.is_verbose },
	};

	if (cmd_parse(argc, argv, options, ARRAY_LEN(options), 0, &why) < 0)
		return cmd_usage(&commands, "migrate", buf_str(&why));
	const char *wrong = complaint(&o, is_finish);
	if (wrong)
		return cmd_usage(&commands, "migrate", wrong);
	if (!o.ini_path)
		o.ini_path = command_ini();
	return remote_end(
		is_finish ? migrate_finish(&o, &why) : migrate_run(&o, &why),
		&why);
}
