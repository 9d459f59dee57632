/*
 * server.h - a relay that has a server for itself: Debian's places,
 * systemd (or, where that does not run, runit), and the same folders for
 * users' data as every chatmail relay.
 */
#ifndef CMDEPLOY_SERVER_SERVER_H
#define CMDEPLOY_SERVER_SERVER_H

#include "cmdeploy/relay/relay.h"

#define SERVER_INI "/etc/chatmail/chatmail.ini"

/*
 * A cmdeploy that runs us over ssh says here what its operator calls the
 * settings: the file to edit is there, and ours is a copy.
 */
#define SERVER_ENV_SETTINGS "CMDEPLOY_SETTINGS"

/* And what it has done to our package: "from 0.1 to 0.2". */
#define SERVER_ENV_PACKAGE "CMDEPLOY_PACKAGE"

/* What that says; "" when the package is as it was. */
const char *server_package_news(void);
/* For messages: the file that the operator edits. */
const char *server_settings_name(const struct relay *relay);
/* Another cmdeploy, which has said what is going on, runs this one. */
bool server_is_driven(void);

/*
 * Reads the operator's file, and finds out the rest; writes nothing. To be
 * released by relay_release().
 */
int server_open(
	const char *ini, struct relay *ret_relay, struct buf *why) MUST_CHECK;

/*
 * Sets the variable that tells whether unbound answers by now. True when it
 * has changed.
 */
bool server_look_again(struct relay *relay);

/*
 * Notes that this machine is the relay's, before anything else is written:
 * what a run that was cut has left is then known as ours.
 */
int server_claim(const struct relay *relay, struct buf *why) MUST_CHECK;
/* Which domain's relay the machine is, to be freed; NULL: none's. */
char *server_claimed_by(const struct relay *relay);
/* This machine is the relay of `domain`, and we may look at all of it. */
bool server_is_here(const char *domain);

#endif
