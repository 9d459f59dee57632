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
	bool skips_dns; /* the DNS records need not point to the host yet */
	/*
	 * What the host does when it has all that it needs; NULL: a run. And
	 * files that it needs for that: a path here, one there, and so on;
	 * ended by NULL, or NULL: none. Those that are not here are left out.
	 */
	const char *const *command;
	const char *const *files;
};

/*
 * `cmdeploy run` for another machine. Says what it does and why it could
 * not; returns the exit status.
 */
int remote_run(const struct remote_options *options);

/* Says how such a command ended, unless well; its exit status. */
int remote_end(int r, const struct buf *why);

#endif
