/* Metrics out of logs, for those who ask for them by mtail_address. */
#include "cmdeploy/components/components.h"

#define ASKED .when = "mtail_address"

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/mtail", .mode = 0755, ASKED },
	{ .path = "{{service_dir}}/mtail", .mode = 0755, ASKED },
	{ .path = "{{service_dir}}/mtail/log", .mode = 0755, ASKED },
	{ .path = "{{log_dir}}/mtail",
		.mode = 0750,
		.user = "_runit-log",
		.group = "_runit-log",
		ASKED },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{etc_dir}}/mtail/chatmail.mtail",
		.mode = 0644,
		.from = "mtail/chatmail.mtail",
		ASKED },
	{ .path = "{{service_dir}}/mtail/log/run",
		.mode = 0755,
		.from = "runit/log/run",
		ASKED },
	{ .path = "{{service_dir}}/mtail/run",
		.mode = 0755,
		.from = "runit/mtail/run",
		ASKED },
	{ 0 },
};

static const struct port ports[] = {
	{ .address = "{{mtail_address}}",
		.port = "3903",
		.probe = PROBE_OPEN,
		.label = "mtail's metrics" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "mtail",
		ASKED,
		.restart_on = LIST(RUN("mtail"), "{{etc_dir}}/mtail/"),
		.ports = ports },
	{ 0 },
};

const struct component component_mtail = {
	.name = "mtail",
	.when = "mtail_address",
	.packages = LIST("mtail"),
	.folders = folders,
	.files = files,
	.services = services,
};
