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

/* A port of loopback where nginx tells by PROXY protocol who the client is. */
#define PROXIED(number)                                                        \
	{                                                                      \
		.address = "{{internal_address}}", .port = number,             \
		.probe = PROBE_NONE                                            \
	}

/*
 * For unit_lines: what a service may write, but not start. systemd takes
 * over no rule from the folder above, so both must be said.
 */
#define WRITES(paths) "ReadWritePaths=" paths "\nNoExecPaths=" paths "\n"
#define MAILBOXES     "BindPaths={{mailboxes_dir}}\nNoExecPaths={{mailboxes_dir}}\n"

/*
 * For unit_lines: a folder in {{run_dir}} for the sockets of a service, which
 * `group` may enter. It stays when the service stops. systemd would make its
 * own RuntimeDirectory the unit's again before each command.
 */
#define UNIT_FOLDER(name, owner, group)                                        \
	"ExecStartPre=+/usr/bin/install -d -m 0750 -o " owner " -g " group     \
	" {{run_dir}}/" name "\n"
#define SOCKET_FOLDER(name, owner, group)                                      \
	WRITES("-{{run_dir}}/" name) UNIT_FOLDER(name, owner, group)

/*
 * For unit_lines: what stands within {{walls}} may tell systemd to restart
 * services. It opens what they hide; what is to stay hidden is named after it.
 */
#define TELLS_SYSTEMD "InaccessiblePaths=\nInaccessiblePaths=-/etc/ssh\n"

/*
 * Where mailproxy has the certificate and key, under systemd. The folder is
 * always there, since what is not there when a service starts is not hidden.
 */
#define MAILPROXY_TLS  "{{own_state_dir}}/mailproxy"
#define NO_COPY_OF_TLS "InaccessiblePaths=-" MAILPROXY_TLS "\n"

/* What is touched in it has the servers take the certificate. */
#define RENEWED "{{own_state_dir}}/renewed"

/* For unit_lines: what a service of the machine's own has no business with. */
#define NO_MAIL "InaccessiblePaths=-{{mailboxes_dir}}\n"
#define NO_DKIM "InaccessiblePaths=-{{etc_dir}}/dkimkeys\n"
#define ONLY_COPY_OF_TLS                                                       \
	"InaccessiblePaths=-{{state_dir}}/acme -{{own_etc_dir}}/tls\n"
#define NO_TLS ONLY_COPY_OF_TLS NO_COPY_OF_TLS
#define NO_KEYS                                                                \
	"InaccessiblePaths=-{{state_dir}}/acme "                               \
	"-{{own_etc_dir}}\n" NO_COPY_OF_TLS
#define INTERNET "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
#define NO_NETWORK                                                             \
	"RestrictAddressFamilies=AF_UNIX\n"                                    \
	"PrivateNetwork=yes\n"                                                 \
	"IPAddressDeny=any\n"

/* For run_lines: an hour after the start, since much else begins then. */
#define AN_HOUR_LATER                                                          \
	"sleep 3600 &\n"                                                       \
	"trap \"kill $!; exit\" TERM\n"                                        \
	"wait\n"                                                               \
	"trap - TERM\n"

#endif
