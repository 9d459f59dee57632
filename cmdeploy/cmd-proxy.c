/* cmdeploy proxy: a host that forwards a relay's ports to it. */
#include <string.h>

#include "cmdeploy/commands.h"
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
			"--tunnel wants --to HOST, the relay, by ssh");
	if (o.is_removal && o.to && !o.is_tunnel)
		return cmd_usage(&commands, "proxy",
			"--to is not for --remove but with --tunnel");
	if (!o.ini_path)
		o.ini_path = command_ini();
	return remote_end(proxy_run(&o, &why), &why);
}
