/*
 * cmdeploy run: on this server (@local), or on another one over ssh, where
 * the same program does the same.
 */
#include <errno.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/relay/deploy.h"
#include "cmdeploy/relay/server.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/say.h"

#define INI_DEFAULT "chatmail.ini"

struct options {
	const char *ssh_host;
	struct deploy_options deploy;
};

static int parse(int argc, char **argv, struct options *o, struct buf *why)
{
	struct deploy_options *d = &o->deploy;
	const struct cmd_option table[] = {
		{ .name = "--ssh-host", .text = &o->ssh_host },
		{ .name = "--ini", .text = &d->ini },
		{ .name = "--dry-run", .flag = &d->is_dry_run },
		{ .name = "--disable-mail", .flag = &d->disable_mail },
		{ .name = "--website-only", .flag = &d->website_only },
		{ .name = "--skip-dns-check", .flag = &d->skips_dns },
		{ .name = "-v", .flag = &d->is_verbose },
	};

	return cmd_parse(argc, argv, table, ARRAY_LEN(table), 0, why);
}

static int run_local(struct deploy_options *d)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (!d->ini)
		d->ini = SERVER_INI;
	int r = deploy_run(d, &why);
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

static int run_remote(const struct options *o)
{
	return remote_run(&(struct remote_options){
		.ssh_host = o->ssh_host,
		.ini_path = o->deploy.ini ? o->deploy.ini : INI_DEFAULT,
		.is_dry_run = o->deploy.is_dry_run,
		.is_disable_mail = o->deploy.disable_mail,
		.is_website_only = o->deploy.website_only,
		.is_verbose = o->deploy.is_verbose,
		.skips_dns = o->deploy.skips_dns,
	});
}

int cmd_run(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct options o = { 0 };

	if (parse(argc, argv, &o, &why) < 0)
		return cmd_usage(&commands, "run", buf_str(&why));
	if (o.ssh_host && strcmp(o.ssh_host, HOST_LOCAL) == 0)
		return run_local(&o.deploy);
	return run_remote(&o);
}
