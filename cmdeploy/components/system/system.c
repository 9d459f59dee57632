/* What the relay wants of the machine itself. */
#include "cmdeploy/components/components.h"

static const struct folder folders[] = {
	{ .path = "/etc/systemd/journald.conf.d", .mode = 0755 },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "/etc/systemd/journald.conf.d/chatmail.conf",
		.mode = 0644,
		.from = "system/journald.conf" },
	{ .path = "/etc/sysctl.d/80-chatmail.conf",
		.mode = 0644,
		.from = "system/sysctl.conf" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "systemd-journald",
		.is_oneshot = true,
		.restart_on =
			LIST("/etc/systemd/journald.conf.d/chatmail.conf") },
	{ .name = "systemd-sysctl",
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
