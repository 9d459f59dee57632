/*
 * components.h - the components of a relay, in the order in which they are
 * set up. The lists are made from the components' own meson.build.
 */
#ifndef CMDEPLOY_COMPONENTS_COMPONENTS_H
#define CMDEPLOY_COMPONENTS_COMPONENTS_H

#include "cmdeploy/apply/component.h"

/* Those of a relay in a private folder; ended by NULL. */
extern const struct component *const components_private[];
/* Those of a relay that has the server for itself. */
extern const struct component *const components_server[];
/* Of those, what a certificate authority wants to see. */
extern const struct component *const components_web[];
/* The web pages alone. */
extern const struct component *const components_website[];

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * For unit_lines: a folder in {{run_dir}} for the sockets of a service, which
 * `group` may enter. It stays when the service stops. systemd would make its
 * own RuntimeDirectory the unit's again before each command.
 */
#define UNIT_FOLDER(name, owner, group)                                        \
	"ExecStartPre=+/usr/bin/install -d -m 0750 -o " owner " -g " group     \
	" {{run_dir}}/" name "\n"
#define SOCKET_FOLDER(name, owner, group)                                      \
	"ReadWritePaths=-{{run_dir}}/" name "\n" UNIT_FOLDER(name, owner, group)

/* For run_lines: an hour after the start, since much else begins then. */
#define AN_HOUR_LATER                                                          \
	"sleep 3600 &\n"                                                       \
	"trap \"kill $!; exit\" TERM\n"                                        \
	"wait\n"                                                               \
	"trap - TERM\n"

#endif
