/*
 * ssh-target.h - what an operator writes for a host, and how a command
 * is written for the shell there. Nothing is asked or opened.
 */
#ifndef CMDEPLOY_HOST_SSH_TARGET_H
#define CMDEPLOY_HOST_SSH_TARGET_H

#include "lib/buf.h"

struct ssh_target {
	char *where; /* "user@name" or "name", as ssh(1) takes it */
	char *name;  /* without the user */
	char *port;  /* NULL: what ssh(1) thinks */
};

/*
 * "name", "user@name", "name:port", "[2001:db8::1]:port", "2001:db8::1".
 * The name may be one of ~/.ssh/config.
 */
int ssh_target_parse(const char *text, struct ssh_target *ret_target,
	struct buf *why) MUST_CHECK;
void ssh_target_release(struct ssh_target *target);

/* One word for a POSIX shell, after a blank if there is something before. */
void shell_add_word(struct buf *out, const char *word);

#endif
