/*
 * components.h - the pieces of a relay, in the order in which they are
 * set up.
 */
#ifndef CMDEPLOY_COMPONENTS_COMPONENTS_H
#define CMDEPLOY_COMPONENTS_COMPONENTS_H

#include "cmdeploy/apply/component.h"

extern const struct component component_base;
extern const struct component component_tls;
extern const struct component component_chatmaild;
extern const struct component component_postfix;
extern const struct component component_dovecot;
extern const struct component component_nginx;
extern const struct component component_www;
extern const struct component component_mtail;
extern const struct component component_system;
extern const struct component component_unbound;
extern const struct component component_opendkim;
extern const struct component component_acmetool;

/* Those of a relay in a private folder; ended by NULL. */
extern const struct component *const components_private[];
/* Those of a relay that has the server for itself. */
extern const struct component *const components_server[];
/* Of those, what a certificate authority wants to see. */
extern const struct component *const components_web[];
/* The web pages alone. */
extern const struct component *const components_website[];

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The folders and files that make `name` a service under runit. */
#define RUNIT_FOLDERS(name) RUNIT_FOLDERS_WHEN(name, "is_private")
#define RUNIT_FOLDERS_WHEN(name, condition)                                    \
	{ .path = "{{service_dir}}/" name, .mode = 0755, .when = condition },  \
		{ .path = "{{service_dir}}/" name "/log",                      \
			.mode = 0755,                                          \
			.when = condition },                                   \
	{                                                                      \
		.path = "{{log_dir}}/" name, .mode = 0750,                     \
		.user = "_runit-log", .group = "_runit-log", .when = condition \
	}
#define RUNIT_FILES(name) RUNIT_FILES_WHEN(name, "is_private")
#define RUNIT_FILES_WHEN(name, condition)                                      \
	{ .path = "{{service_dir}}/" name "/log/run",                          \
		.mode = 0755,                                                  \
		.from = "runit/log/run",                                       \
		.when = condition },                                           \
	{                                                                      \
		.path = "{{service_dir}}/" name "/run", .mode = 0755,          \
		.from = "runit/" name "/run", .when = condition                \
	}

/* Units of our own for systemd, and what is added to one of Debian's. */
#define UNIT_FILE(name) UNIT_FILE_WHEN(name, "!is_private")
#define UNIT_FILE_WHEN(name, condition)                                        \
	{                                                                      \
		.path = "{{unit_dir}}/" name, .mode = 0644,                    \
		.from = "systemd/" name, .when = condition                     \
	}
#define DROP_IN(unit, template) DROP_IN_WHEN(unit, template, "!is_private")
#define DROP_IN_WHEN(unit, template, condition)                                \
	{                                                                      \
		.path = "{{unit_dir}}/" unit ".d/chatmail.conf", .mode = 0644, \
		.from = "systemd/" template, .when = condition                 \
	}

/* For restart_on: what the supervisor starts. */
#define RUN(name)                                                              \
	"{{service_dir}}/" name "/run", "{{unit_dir}}/" name ".service",       \
		"{{unit_dir}}/" name ".service.d/chatmail.conf"

#endif
