/* Settings of the machine itself; a container has none of its own. */
#include "cmdeploy/components/components.h"

#define ON_MACHINE .when = "!is_runit"

static const struct folder folders[] = {
	{ .path = "/etc/systemd/journald.conf.d", .mode = 0755, ON_MACHINE },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "/etc/systemd/journald.conf.d/chatmail.conf",
		.mode = 0644,
		.from = "system/journald.conf",
		ON_MACHINE },
	{ .path = "/etc/sysctl.d/80-chatmail.conf",
		.mode = 0644,
		.from = "system/sysctl.conf",
		ON_MACHINE },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "systemd-journald",
		ON_MACHINE,
		.is_oneshot = true,
		.restart_on =
			LIST("/etc/systemd/journald.conf.d/chatmail.conf") },
	{ .name = "systemd-sysctl",
		ON_MACHINE,
		.is_oneshot = true,
		.restart_on = LIST("/etc/sysctl.d/80-chatmail.conf") },
	{ 0 },
};

const struct component component_system = {
	.name = "system",
	.folders = folders,
	.files = files,
	.services = services,
};
