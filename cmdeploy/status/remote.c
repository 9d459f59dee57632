/* The status of a relay on another machine, over ssh. */

#include "cmdeploy/status/status.h"

#include <errno.h>

#include "cmdeploy/host/ssh.h"
#include "cmdeploy/remote/package.h"
#include "cmdeploy/say.h"

#define AUTO_SSH __attribute__((cleanup(ssh_close)))

static int check_installed(const struct ssh_host *ssh, struct buf *why)
{
	AUTO_BUF struct buf version = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = host_fact(&ssh->host, "package", &version, why);

	if (r == 0 && version.len == 0)
		return because(why, -ENOENT,
			"%s is not a relay yet; \"%s run\" makes it one",
			ssh->target.where, say_program());
	return r;
}

/* What `cmdeploy run` would bring; "" when that cannot be told. */
static char *find_expected(const struct ssh_host *ssh)
{
	struct package package = { 0 };
	char dir[] = "/tmp/cmdeploy-status-XXXXXX";
	char *version = NULL;

	if (!mkdtemp(dir))
		return xstrdup("");
	if (package_make(&ssh->host, dir, &package, NULL) == 0) {
		version = xstrdup(package.version);
		if (package.archive)
			unlink(package.archive);
		package_release(&package);
	}
	rmdir(dir);
	return version ? version : xstrdup("");
}

/* "NAME=value" as it is here; empty is as good as unset. */
static char *forward(const char *name)
{
	const char *value = getenv(name);

	return xasprintf("%s=%s", name, value ? value : "");
}

int status_remote(const char *ssh_host, bool is_json, struct buf *why)
{
	AUTO_SSH struct ssh_host ssh = { 0 };
	int r = ssh_open(ssh_host, &ssh, why);

	if (r == 0)
		r = ssh_connect(&ssh, why);
	if (r == 0)
		r = check_installed(&ssh, why);
	if (r < 0)
		return r;
	AUTO_FREE char *version = find_expected(&ssh);
	AUTO_FREE char *expected = xasprintf(STATUS_EXPECT "=%s", version);
	AUTO_FREE char *called = xasprintf("CMDEPLOY_CALLED=%s", say_program());
	AUTO_FREE char *plain = forward("NO_COLOR");
	AUTO_FREE char *roots = forward("CMDEPLOY_DNS_ROOT");
	const char *const env[] = { expected, called, plain, roots, NULL };
	const char *const argv[] = { "cmdeploy", "status", "--ssh-host",
		"@local", is_json ? "--json" : NULL, NULL };
	return ssh_attach(&ssh, argv, env, why);
}
