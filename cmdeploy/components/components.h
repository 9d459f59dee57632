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
#define RUNIT_FILES(folder, name) RUNIT_FILES_WHEN(folder, name, "is_private")
#define RUNIT_FILES_WHEN(folder, name, condition)                              \
	{ .path = "{{service_dir}}/" name "/log/run",                          \
		.mode = 0755,                                                  \
		.from = "base/log-run",                                        \
		.when = condition },                                           \
	{                                                                      \
		.path = "{{service_dir}}/" name "/run", .mode = 0755,          \
		.from = folder "/" name ".run", .when = condition              \
	}

/* Units of our own for systemd, and what is added to one of Debian's. */
#define UNIT_FILE(folder, name) UNIT_FILE_WHEN(folder, name, "!is_private")
#define UNIT_FILE_WHEN(folder, name, condition)                                \
	{                                                                      \
		.path = "{{unit_dir}}/" name, .mode = 0644,                    \
		.from = folder "/" name, .when = condition                     \
	}
#define DROP_IN(unit, template) DROP_IN_WHEN(unit, template, "!is_private")
#define DROP_IN_WHEN(unit, template, condition)                                \
	{                                                                      \
		.path = "{{unit_dir}}/" unit ".d/chatmail.conf", .mode = 0644, \
		.from = template, .when = condition                            \
	}

/* For restart_on: what the supervisor starts. */
#define RUN(name)                                                              \
	"{{service_dir}}/" name "/run", "{{unit_dir}}/" name ".service",       \
		"{{unit_dir}}/" name ".service.d/chatmail.conf"

#endif
