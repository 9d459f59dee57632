/*
 * deploy.h - makes this server the relay that its chatmail.ini describes,
 * step by step, and tells the person at the terminal.
 */
#ifndef CMDEPLOY_RUN_DEPLOY_H
#define CMDEPLOY_RUN_DEPLOY_H

#include "cmdeploy/relay/relay.h"

/* Held by a run, and by what must not meet one. */
#define DEPLOY_LOCK "/run/cmdeploy.lock"

struct deploy_options {
	const char *ini;
	bool is_dry_run;   /* shows what would be done, and does nothing */
	bool disable_mail; /* web only: what serves mail is stopped */
	bool website_only; /* the pages, and nothing else */
	bool skips_dns;    /* the records need not point here yet */
	bool is_verbose;   /* names every file */
	/* Accounts come back after it (backups.h), and then another run. */
	bool is_restore;
};

/* server_open(), with what is there of a certificate and of other software. */
int deploy_open(
	const char *ini, struct relay *ret_relay, struct buf *why) MUST_CHECK;

/* 0, or a negative errno with `why`; -EINTR: told to stop. */
int deploy_run(
	const struct deploy_options *options, struct buf *why) MUST_CHECK;

#endif
