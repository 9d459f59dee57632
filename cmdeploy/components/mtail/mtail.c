/* Metrics out of logs, for those who ask for them by mtail_address. */
#include "cmdeploy/components/components.h"

#define ASKED .when = "mtail_address"

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/mtail", .mode = 0755, ASKED },
	RUNIT_FOLDERS_WHEN("mtail", "is_private mtail_address"),
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{etc_dir}}/mtail/chatmail.mtail",
		.mode = 0644,
		.from = "mtail/chatmail.mtail",
		ASKED },
	RUNIT_FILES_WHEN("mtail", "mtail", "is_private mtail_address"),
	UNIT_FILE_WHEN("mtail", "mtail.service", "!is_private mtail_address"),
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
