#include <errno.h>

#include "cmdeploy/host/ssh.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/say.h"

enum {
	ARGS_MAX = 32,
	READ_SEC = 120,
	EXIT_NOT_FOUND = 127,
};

#define AUTO_SSH __attribute__((cleanup(ssh_close)))

/* "cmdeploy ARG..." */
static int add_program(
	const char *const *args, const char **argv, struct buf *why)
{
	size_t n = 0;

	argv[n++] = "cmdeploy";
	for (; *args; args++) {
		if (n == ARGS_MAX)
			return because(why, -E2BIG, "too many arguments");
		argv[n++] = *args;
	}
	argv[n] = NULL;
	return 0;
}

/* A host without our package has no use for the command. */
static int check_installed(struct ssh_host *ssh, struct buf *why)
{
	AUTO_BUF struct buf version = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = ssh_connect(ssh, why);

	if (r == 0)
		r = host_fact(&ssh->host, "package", &version, why);
	if (r == 0 && version.len == 0)
		return because(why, -ENOENT,
			"%s has no relay yet; \"%s run\" makes it one",
			ssh->target.where, say_program());
	return r;
}

int remote_exec(const char *ssh_host, const char *const *args, struct buf *why)
{
	AUTO_SSH struct ssh_host ssh = { 0 };
	const char *argv[ARGS_MAX + 1];
	int r = add_program(args, argv, why);

	if (r == 0)
		r = ssh_open(ssh_host, &ssh, why);
	if (r == 0)
		r = check_installed(&ssh, why);
	return r < 0 ? r : ssh_attach(&ssh, argv, NULL, why);
}

int remote_read(const char *ssh_host, const char *const *args, struct buf *out,
	struct buf *why)
{
	AUTO_SSH struct ssh_host ssh = { 0 };
	const char *argv[ARGS_MAX + 1];
	int r = add_program(args, argv, why);

	if (r == 0)
		r = ssh_open(ssh_host, &ssh, why);
	if (r == 0)
		r = check_installed(&ssh, why);
	if (r < 0)
		return r;
	return host_run(&ssh.host,
		&(struct proc){
			.argv = argv, .out = out, .timeout_sec = READ_SEC },
		why);
}
