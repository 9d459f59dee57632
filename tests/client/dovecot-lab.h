/*
 * dovecot-lab.h - a Dovecot of a test's own: IMAP (plain and TLS) and LMTP
 * on an address of 127/8 drawn at random, everything else below one
 * folder. Anybody logs in with the password DOVECOT_LAB_PASSWORD, and has
 * a maildir. It needs root and the user vmail, as a relay does.
 */
#ifndef TESTS_CLIENT_DOVECOT_LAB_H
#define TESTS_CLIENT_DOVECOT_LAB_H

#include <sys/types.h>

#include "lib/buf.h"

#define DOVECOT_LAB_PASSWORD "secret"

struct dovecot_lab {
	pid_t pid;
	char *dir; /* absolute */
	char imap[64];
	char imaps[64];
	char lmtp[64];
};

struct dovecot_lab_options {
	const char *dir;    /* exists */
	const char *plugin; /* instant-idle's, or NULL for stock Dovecot */
	unsigned hibernate_sec;
	const char *conf; /* more lines of dovecot.conf; may be NULL */
};

/* Runs until its ports are open. */
int dovecot_lab_start(struct dovecot_lab *lab,
	const struct dovecot_lab_options *options, struct buf *why) MUST_CHECK;
/* Reads the configuration again; returns when Dovecot has said so. */
int dovecot_lab_reload(struct dovecot_lab *lab, struct buf *why) MUST_CHECK;
/* Ends it with all its processes. Accepts a zeroed object. */
void dovecot_lab_stop(struct dovecot_lab *lab);

/* What it has logged so far is appended. */
int dovecot_lab_log(
	const struct dovecot_lab *lab, struct buf *out, struct buf *why);

#endif
