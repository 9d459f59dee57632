/* Our own services, and the settings as they read them. */
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"

static int make_ini(
	const struct apply *apply, struct buf *out, struct buf *why UNUSED)
{
	buf_add_str(
		out, template_vars_get(&apply->vars, SLICE("services_ini")));
	return 0;
}

/* The services write into their files, not into the folder. */
static int create_counters(const struct apply *apply UNUSED,
	struct buf *out UNUSED, struct buf *why UNUSED)
{
	return 0;
}

#define COUNTERS(service, owner)                                               \
	{                                                                      \
		.path = "{{counters_dir}}/" service ".counters", .mode = 0644, \
		.user = owner, .group = owner, .create = create_counters       \
	}

static const struct folder folders[] = {
	{ .path = "{{run_dir}}/doveauth",
		.mode = 0700,
		.user = "vmail",
		.group = "vmail" },
	{ .path = "{{run_dir}}/lastlogin",
		.mode = 0700,
		.user = "vmail",
		.group = "vmail" },
	{ .path = "{{run_dir}}/chatmail-metadata",
		.mode = 0700,
		.user = "vmail",
		.group = "vmail" },
	{ .path = "{{mail_root}}", .mode = 0755 },
	{ .path = "{{mailboxes_dir}}",
		.mode = 0700,
		.user = "vmail",
		.group = "vmail" },
	RUNIT_FOLDERS("doveauth"),
	RUNIT_FOLDERS("lastlogin"),
	RUNIT_FOLDERS("chatmail-metadata"),
	RUNIT_FOLDERS("filtermail-outgoing"),
	RUNIT_FOLDERS("chatmail-expire"),
	RUNIT_FOLDERS("chatmail-metrics"),
	{ .path = "{{counters_dir}}", .mode = 0755 },
	{ .path = "{{state_dir}}/metrics",
		.mode = 0755,
		.user = "vmail",
		.group = "vmail" },
	{ .path = "{{service_dir}}/filtermail-incoming",
		.mode = 0755,
		.when = "filter_incoming" },
	{ .path = "{{service_dir}}/filtermail-incoming/log",
		.mode = 0755,
		.when = "filter_incoming" },
	{ .path = "{{log_dir}}/filtermail-incoming",
		.mode = 0750,
		.user = "_runit-log",
		.group = "_runit-log",
		.when = "filter_incoming" },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{ini_path}}", .mode = 0644, .make = make_ini },
	{ .path = "{{libexec_dir}}/doveauth",
		.mode = 0755,
		.program = "doveauth" },
	{ .path = "{{libexec_dir}}/lastlogin",
		.mode = 0755,
		.program = "lastlogin" },
	{ .path = "{{libexec_dir}}/chatmail-metadata",
		.mode = 0755,
		.program = "chatmail-metadata" },
	{ .path = "{{libexec_dir}}/filtermail",
		.mode = 0755,
		.program = "filtermail" },
	{ .path = "{{libexec_dir}}/newemail",
		.mode = 0755,
		.program = "newemail" },
	{ .path = "{{libexec_dir}}/chatmail-expire",
		.mode = 0755,
		.program = "chatmail-expire" },
	{ .path = "{{libexec_dir}}/delete_inactive_users",
		.mode = 0755,
		.program = "chatmail-expire" },
	{ .path = "{{libexec_dir}}/chatmail-metrics",
		.mode = 0755,
		.program = "chatmail-metrics" },
	{ .path = "{{libexec_dir}}/chatmail-log",
		.mode = 0755,
		.program = "chatmail-log" },
	{ .path = "{{libexec_dir}}/every",
		.mode = 0755,
		.from = "runit/every" },
	RUNIT_FILES("doveauth"),
	RUNIT_FILES("lastlogin"),
	RUNIT_FILES("chatmail-metadata"),
	RUNIT_FILES("filtermail-outgoing"),
	RUNIT_FILES("chatmail-expire"),
	RUNIT_FILES("chatmail-metrics"),
	COUNTERS("doveauth", "vmail"),
	COUNTERS("lastlogin", "vmail"),
	COUNTERS("chatmail-metadata", "vmail"),
	COUNTERS("filtermail-outgoing", "filtermail"),
	COUNTERS("filtermail-incoming", "filtermail"),
	{ .path = "{{service_dir}}/filtermail-incoming/log/run",
		.mode = 0755,
		.from = "runit/log/run",
		.when = "filter_incoming" },
	{ .path = "{{service_dir}}/filtermail-incoming/run",
		.mode = 0755,
		.from = "runit/filtermail-incoming/run",
		.when = "filter_incoming" },
	{ 0 },
};

static const struct port doveauth_ports[] = {
	{ .address = "unix:{{run_dir}}/doveauth/doveauth.socket" },
	{ 0 },
};

static const struct port lastlogin_ports[] = {
	{ .address = "unix:{{run_dir}}/lastlogin/lastlogin.socket" },
	{ 0 },
};

static const struct port metadata_ports[] = {
	{ .address = "unix:{{metadata_socket}}" },
	{ 0 },
};

static const struct port outgoing_ports[] = {
	{ .address = "{{internal_address}}",
		.port = "{{filtermail_smtp_port}}" },
	{ 0 },
};

static const struct port incoming_ports[] = {
	{ .address = "{{internal_address}}",
		.port = "{{filtermail_smtp_port_incoming}}" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "doveauth",
		.restart_on = LIST(RUN("doveauth"), "{{ini_path}}",
			"{{libexec_dir}}/doveauth"),
		.ports = doveauth_ports },
	{ .name = "lastlogin",
		.restart_on = LIST(RUN("lastlogin"), "{{ini_path}}",
			"{{libexec_dir}}/lastlogin"),
		.ports = lastlogin_ports },
	{ .name = "chatmail-metadata",
		.restart_on = LIST(RUN("chatmail-metadata"), "{{ini_path}}",
			"{{libexec_dir}}/chatmail-metadata"),
		.ports = metadata_ports },
	{ .name = "filtermail-outgoing",
		.restart_on = LIST(RUN("filtermail-outgoing"), "{{ini_path}}",
			"{{libexec_dir}}/filtermail"),
		.ports = outgoing_ports },
	{ .name = "filtermail-incoming",
		.when = "filter_incoming",
		.restart_on = LIST(RUN("filtermail-incoming"), "{{ini_path}}",
			"{{libexec_dir}}/filtermail"),
		.ports = incoming_ports },
	{ .name = "chatmail-expire",
		.restart_on = LIST(RUN("chatmail-expire"), "{{ini_path}}",
			"{{libexec_dir}}/chatmail-expire",
			"{{libexec_dir}}/every") },
	{ .name = "chatmail-metrics",
		.restart_on = LIST(RUN("chatmail-metrics"), "{{ini_path}}",
			"{{libexec_dir}}/chatmail-metrics",
			"{{libexec_dir}}/every") },
	{ 0 },
};

const struct component component_chatmaild = {
	.name = "chatmaild",
	.packages = LIST("libsystemd0", "libcrypt1", "libjansson4", "libcurl4",
		"ca-certificates"),
	.users = LIST("vmail", "filtermail"),
	.folders = folders,
	.files = files,
	.services = services,
};
