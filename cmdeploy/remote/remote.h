/*
 * remote.h - a relay on another machine, from here: what its operator has
 * is brought there over ssh, and the cmdeploy that is installed there
 * does the work.
 */
#ifndef CMDEPLOY_REMOTE_REMOTE_H
#define CMDEPLOY_REMOTE_REMOTE_H

#include <stdbool.h>

#include "lib/buf.h"

struct remote_options {
	const char *ssh_host; /* NULL: the mail_domain of the settings */
	const char *ini_path;
	bool is_dry_run;
	bool is_disable_mail;
	bool is_website_only;
	bool is_verbose;
	bool skips_dns; /* the DNS records need not lead to the host yet */
};

/*
 * `cmdeploy run` for another machine. Says what it does and why it could
 * not; returns the exit status.
 */
int remote_run(const struct remote_options *options);

/*
 * Runs the cmdeploy that is installed on the host with these arguments
 * (without a program name, ended by NULL), in our place: its input and
 * output are ours. Its exit status; negative when it could not be run.
 */
int remote_exec(const char *ssh_host, const char *const *args,
	struct buf *why) MUST_CHECK;

/*
 * The same, but what it prints is appended to *out, and only exit status
 * 0 is success.
 */
int remote_read(const char *ssh_host, const char *const *args, struct buf *out,
	struct buf *why) MUST_CHECK;

#endif
