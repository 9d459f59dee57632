/* cmdeploy run: makes a server a relay; this machine or another one. */
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/say.h"

#define HERE "@local"

int cmd_run(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct remote_options o = { .ini_path = "chatmail.ini" };
	const struct cmd_option table[] = {
		{ .name = "--ssh-host", .text = &o.ssh_host },
		{ .name = "--ini", .text = &o.ini_path },
		{ .name = "--dry-run", .flag = &o.is_dry_run },
		{ .name = "--disable-mail", .flag = &o.is_disable_mail },
		{ .name = "--website-only", .flag = &o.is_website_only },
		{ .name = "-v", .flag = &o.is_verbose },
	};

	if (cmd_parse(argc, argv, table, ARRAY_LEN(table), 0, &why) < 0)
		return cmd_usage(&commands, "run", buf_str(&why));
	if (o.ssh_host && strcmp(o.ssh_host, HERE) == 0) {
		say_error("this machine cannot be made a relay yet");
		return EXIT_FAILURE;
	}
	return remote_run(&o);
}
