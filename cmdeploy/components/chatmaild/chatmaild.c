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

static const struct system_user users[] = {
	{ .name = "vmail", .home = "/home/vmail" },
	{ .name = "filtermail" },
	{ 0 },
};

static const struct folder folders[] = {
	{ .path = "{{run_dir}}/doveauth",
		.mode = 0700,
		.user = "vmail",
		.group = "vmail",
		.when = "is_private" },
	{ .path = "{{run_dir}}/lastlogin",
		.mode = 0700,
		.user = "vmail",
		.group = "vmail",
		.when = "is_private" },
	{ .path = "{{run_dir}}/chatmail-metadata",
		.mode = 0700,
		.user = "vmail",
		.group = "vmail",
		.when = "is_private" },
	{ .path = "{{mail_home}}",
		.mode = 0755,
		.user = "vmail",
		.group = "vmail",
		.when = "!is_private" },
	{ .path = "{{mail_root}}", .mode = 0755, .when = "is_private" },
	{ .path = "{{mail_root}}",
		.mode = 0755,
		.user = "vmail",
		.group = "vmail",
		.when = "!is_private" },
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
	{ .path = "{{own_state_dir}}/metrics",
		.mode = 0755,
		.user = "vmail",
		.group = "vmail" },
	RUNIT_FOLDERS_WHEN("filtermail-incoming", "is_private filter_incoming"),
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
	/* In the package it is a link. */
	{ .path = "{{libexec_dir}}/delete_inactive_users",
		.mode = 0755,
		.program = "chatmail-expire",
		.when = "copies_programs" },
	{ .path = "{{libexec_dir}}/chatmail-metrics",
		.mode = 0755,
		.program = "chatmail-metrics" },
	{ .path = "{{libexec_dir}}/chatmail-log",
		.mode = 0755,
		.program = "chatmail-log" },
	{ .path = "{{libexec_dir}}/every",
		.mode = 0755,
		.from = "base/every",
		.when = "is_private" },
	RUNIT_FILES("chatmaild", "doveauth"),
	RUNIT_FILES("chatmaild", "lastlogin"),
	RUNIT_FILES("chatmaild", "chatmail-metadata"),
	RUNIT_FILES("chatmaild", "filtermail-outgoing"),
	RUNIT_FILES("chatmaild", "chatmail-expire"),
	RUNIT_FILES("chatmaild", "chatmail-metrics"),
	COUNTERS("doveauth", "vmail"),
	COUNTERS("lastlogin", "vmail"),
	COUNTERS("chatmail-metadata", "vmail"),
	COUNTERS("filtermail-outgoing", "filtermail"),
	COUNTERS("filtermail-incoming", "filtermail"),
	RUNIT_FILES_WHEN("chatmaild", "filtermail-incoming",
		"is_private filter_incoming"),
	UNIT_FILE("chatmaild", "doveauth.service"),
	UNIT_FILE("chatmaild", "lastlogin.service"),
	UNIT_FILE("chatmaild", "chatmail-metadata.service"),
	UNIT_FILE("chatmaild", "filtermail-outgoing.service"),
	UNIT_FILE_WHEN("chatmaild", "filtermail-incoming.service",
		"!is_private filter_incoming"),
	UNIT_FILE("chatmaild", "chatmail-expire.service"),
	UNIT_FILE("chatmaild", "chatmail-expire.timer"),
	UNIT_FILE("chatmaild", "chatmail-metrics.service"),
	UNIT_FILE("chatmaild", "chatmail-metrics.timer"),
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

/* What each of them reads of the settings (their config-> and config.). */
#define MAILBOX_SETTINGS "mail_domain", "mailboxes_dir", "counters_dir"
#define ACCOUNT_SETTINGS                                                       \
	MAILBOX_SETTINGS, "username_min_length", "username_max_length",        \
		"password_min_length", "max_load_1m", "min_available_memory",  \
		"min_free_disk_space", "echobot"
#define METADATA_SETTINGS                                                      \
	MAILBOX_SETTINGS, "notification_url", "iroh_relay", "turn_server",     \
		"privacy_mail"
#define FILTER_SETTINGS                                                        \
	MAILBOX_SETTINGS, "max_message_size", "max_user_send_per_minute",      \
		"max_user_send_burst_size", "passthrough_senders",             \
		"passthrough_recipients", "filter_incoming"

static const struct service services[] = {
	{ .name = "doveauth",
		.is_mail = true,
		.restart_on = LIST(RUN("doveauth"), "{{libexec_dir}}/doveauth"),
		.settings = LIST(ACCOUNT_SETTINGS),
		.ports = doveauth_ports },
	{ .name = "lastlogin",
		.is_mail = true,
		.restart_on =
			LIST(RUN("lastlogin"), "{{libexec_dir}}/lastlogin"),
		.settings = LIST(MAILBOX_SETTINGS),
		.ports = lastlogin_ports },
	{ .name = "chatmail-metadata",
		.is_mail = true,
		.restart_on = LIST(RUN("chatmail-metadata"),
			"{{libexec_dir}}/chatmail-metadata"),
		.settings = LIST(METADATA_SETTINGS),
		.ports = metadata_ports },
	{ .name = "filtermail-outgoing",
		.is_mail = true,
		.restart_on = LIST(RUN("filtermail-outgoing"),
			"{{libexec_dir}}/filtermail"),
		.settings = LIST(FILTER_SETTINGS),
		.ports = outgoing_ports },
	{ .name = "filtermail-incoming",
		.when = "filter_incoming",
		.is_mail = true,
		.restart_on = LIST(RUN("filtermail-incoming"),
			"{{libexec_dir}}/filtermail"),
		.settings = LIST(FILTER_SETTINGS),
		.ports = incoming_ports },
	{ .name = "chatmail-expire",
		.unit = "chatmail-expire.timer",
		.is_mail = true,
		.restart_on = LIST(RUN("chatmail-expire"),
			"{{unit_dir}}/chatmail-expire.timer",
			"{{libexec_dir}}/chatmail-expire",
			"{{libexec_dir}}/every") },
	{ .name = "chatmail-metrics",
		.unit = "chatmail-metrics.timer",
		.is_mail = true,
		.restart_on = LIST(RUN("chatmail-metrics"),
			"{{unit_dir}}/chatmail-metrics.timer",
			"{{libexec_dir}}/chatmail-metrics",
			"{{libexec_dir}}/every") },
	{ 0 },
};

const struct component component_chatmaild = {
	.name = "chatmaild",
	.packages = LIST("libsystemd0", "libcrypt1", "libjansson4", "libcurl4",
		"ca-certificates"),
	.users = users,
	.folders = folders,
	.files = files,
	.services = services,
};
