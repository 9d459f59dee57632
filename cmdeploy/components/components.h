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

/* Those of a relay in a private folder; ended by NULL. */
extern const struct component *const components_private[];
/* The web pages alone. */
extern const struct component *const components_website[];

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The folders and files that make `name` a service under runit. */
#define RUNIT_FOLDERS(name)                                                    \
	{ .path = "{{service_dir}}/" name, .mode = 0755 },                     \
		{ .path = "{{service_dir}}/" name "/log", .mode = 0755 },      \
	{                                                                      \
		.path = "{{log_dir}}/" name, .mode = 0750,                     \
		.user = "_runit-log", .group = "_runit-log"                    \
	}
#define RUNIT_FILES(name)                                                      \
	{ .path = "{{service_dir}}/" name "/log/run",                          \
		.mode = 0755,                                                  \
		.from = "runit/log/run" },                                     \
	{                                                                      \
		.path = "{{service_dir}}/" name "/run", .mode = 0755,          \
		.from = "runit/" name "/run"                                   \
	}
#define RUN(name) "{{service_dir}}/" name "/run"

#endif
