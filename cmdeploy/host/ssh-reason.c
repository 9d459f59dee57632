/* What ssh and sudo say when they fail, and what to do then. */
#include "cmdeploy/host/ssh-reason.h"

#include <errno.h>
#include <string.h>

#define LOST                                                                   \
	"the connection was lost; run it again, it goes on where it stopped"

/* A command to be typed, after the meaning. */
enum command {
	NONE,
	FORGET_KEY,
	CONNECT,
};

/* The first that fits. */
static const struct {
	const char *said;
	int error;
	const char *means;
	enum command command;
} reasons[] = {
	{ "IDENTIFICATION HAS CHANGED", -EPERM,
		"its host key is another one than your known_hosts has; if it "
		"was set up again, forget the old key with: ssh-keygen -R ",
		FORGET_KEY },
	{ "Host key verification failed", -EKEYREJECTED,
		"its host key is not known here yet; connect once by hand and "
		"compare it: ssh ",
		CONNECT },
	{ "Too many authentication failures", -EPERM,
		"your agent offered too many keys; name the right one as "
		"IdentityFile, with IdentitiesOnly yes, in ~/.ssh/config",
		NONE },
	{ "Permission denied (", -EKEYREJECTED,
		"it accepts none of your keys for that user; put your key "
		"there, for instance with ssh-copy-id, or name another user as "
		"USER@HOST",
		NONE },
	{ "Could not resolve hostname", -EHOSTUNREACH,
		"that name is neither in DNS nor in your ~/.ssh/config; is it "
		"spelt right, and its address published? Another name or an "
		"address is given by --ssh-host",
		NONE },
	{ "Connection refused", -ECONNREFUSED,
		"nothing answers for ssh there; another port is given as "
		"HOST:PORT or in ~/.ssh/config",
		NONE },
	{ "timed out", -ETIMEDOUT,
		"it does not answer; is it up, and does no firewall keep ssh "
		"out?",
		NONE },
	{ "No route to host", -EHOSTUNREACH,
		"it cannot be reached; is it up, and does no firewall keep ssh "
		"out?",
		NONE },
	{ "Network is unreachable", -ENETUNREACH,
		"this machine has no way to that network", NONE },
	{ "password is required", -EPERM,
		"sudo asks for a password there; allow that user sudo without "
		"one (NOPASSWD), or connect as root",
		NONE },
	{ "terminal is required", -EPERM,
		"sudo asks for a password there; allow that user sudo without "
		"one (NOPASSWD), or connect as root",
		NONE },
	{ "sudo: not found", -EPERM,
		"that user is not root, and sudo is not installed there; "
		"connect as root@HOST, or install sudo",
		NONE },
	{ "not in the sudoers file", -EPERM,
		"that user may not use sudo there; connect as root@HOST, or "
		"allow it with NOPASSWD",
		NONE },
	{ "may not run sudo", -EPERM,
		"that user may not use sudo there; connect as root@HOST, or "
		"allow it with NOPASSWD",
		NONE },
	{ "Connection closed", -ECONNRESET, LOST, NONE },
	{ "closed by remote host", -ECONNRESET, LOST, NONE },
	{ "Connection reset", -ECONNRESET, LOST, NONE },
	{ "Broken pipe", -ECONNRESET, LOST, NONE },
	{ "not responding", -ECONNRESET, LOST, NONE },
};

static bool has_text(struct slice text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void add_command(
	const struct ssh_target *t, enum command command, struct buf *out)
{
	if (command == CONNECT && t->port)
		buf_addf(out, "-p %s ", t->port);
	if (command == CONNECT)
		buf_add_str(out, t->where);
	else if (command == FORGET_KEY && t->port)
		buf_addf(out, "'[%s]:%s'", t->name, t->port);
	else if (command == FORGET_KEY)
		buf_add_str(out, t->name);
}

int ssh_reason(
	const struct ssh_target *target, struct slice said, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice line = slice_last_line(said);
	int error = -EIO;

	for (size_t i = 0; i < ARRAY_LEN(reasons) && error == -EIO; i++) {
		if (!has_text(said, reasons[i].said))
			continue;
		buf_add_str(&text, reasons[i].means);
		add_command(target, reasons[i].command, &text);
		error = reasons[i].error;
	}
	if (error == -EIO)
		return because(why, error, "%s: ssh failed: %.*s",
			target->where, SLICE_FMT(line));
	return because(why, error, "%s: %s (it said: %.*s)", target->where,
		buf_str(&text), SLICE_FMT(line));
}
