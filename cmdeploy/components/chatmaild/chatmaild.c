/* Our own services, and the settings as they read them. */
#include "chatmaild/common/config.h"
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"
#include "lib/ini.h"

static bool is_open(const struct ini_entry *e)
{
	for (size_t i = 0; i < config_settings.n; i++)
		if (slice_eq_str(e->key, config_settings.rows[i].key))
			return !config_settings.rows[i].is_secret;
	return false;
}

/* A value's further lines are indented. */
static int add_setting(
	const struct ini_entry *e, void *owner, struct buf *why UNUSED)
{
	struct buf *out = owner;
	struct slice value = e->value, line;

	if (!slice_eq_str(e->section, config_settings.section) || !is_open(e))
		return 0;
	buf_addf(out, "%.*s =", SLICE_FMT(e->key));
	while (slice_next_line(&value, &line))
		buf_addf(out, " %.*s\n", SLICE_FMT(line));
	if (e->value.len == 0)
		buf_add_char(out, '\n');
	return 0;
}

static int make_turn_server(
	const struct apply *apply, struct buf *out, struct buf *why UNUSED)
{
	buf_add_str(out, template_vars_get(&apply->vars, SLICE("turn_server")));
	return 0;
}

/*
 * Neither comments, where a secret may have been left, nor what the parser
 * does not know.
 */
static int make_ini(const struct apply *apply, struct buf *out, struct buf *why)
{
	const struct template_vars *vars = &apply->vars;
	const char *ini = template_vars_get(vars, SLICE("operators_ini"));

	buf_addf(out, "[%s]\n", config_settings.section);
	int r = ini_parse(slice_of(ini), add_setting, out, why);
	buf_add_str(out, template_vars_get(vars, SLICE("kept_settings")));
	if (apply->notes)
		buf_add_str(apply->notes,
			template_vars_get(vars, SLICE("kept_note")));
	return r;
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

/* Those who may ask a service by the sockets in there. */
#define ASKERS(name, owner, askers)                                            \
	{                                                                      \
		.path = "{{run_dir}}/" name, .mode = 0750, .user = owner,      \
		.group = askers, .when = "is_runit"                            \
	}

static const struct folder folders[] = {
	{ .path = "{{run_dir}}/doveauth", .mode = 0711, .when = "is_runit" },
	ASKERS("doveauth/login", "vmail", "dovenull"),
	ASKERS("doveauth/smtp", "vmail", "postfix"),
	ASKERS("doveauth/filter", "vmail", "filtermail"),
	ASKERS("doveauth/master", "vmail", "vmail"),
	ASKERS("filtermail", "filtermail", "postfix"),
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
	{ .path = "{{counters_dir}}", .mode = 0755 },
	{ .path = "{{own_state_dir}}/metrics",
		.mode = 0755,
		.user = "vmail",
		.group = "vmail" },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{ini_path}}", .mode = 0644, .make = make_ini },
	/* It may hold a secret. */
	{ .path = "{{own_etc_dir}}/turn_server",
		.mode = 0640,
		.group = "vmail",
		.make = make_turn_server },
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
		.when = "is_runit" },
	COUNTERS("doveauth", "vmail"),
	COUNTERS("lastlogin", "vmail"),
	COUNTERS("chatmail-metadata", "vmail"),
	COUNTERS("filtermail-outgoing", "filtermail"),
	COUNTERS("filtermail-incoming", "filtermail"),
	{ 0 },
};

static const struct port doveauth_ports[] = {
	{ .address = "unix:{{run_dir}}/doveauth/login/auth" },
	{ .address = "unix:{{run_dir}}/doveauth/smtp/auth" },
	{ .address = "unix:{{run_dir}}/doveauth/smtp/recipients" },
	{ .address = "unix:{{run_dir}}/doveauth/filter/recipients" },
	{ .address = "unix:{{run_dir}}/doveauth/master/auth" },
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
	{ .address = "unix:{{run_dir}}/filtermail/outgoing" },
	{ 0 },
};

static const struct port incoming_ports[] = {
	{ .address = "unix:{{run_dir}}/filtermail/incoming" },
	{ 0 },
};

/* What a service may do with accounts, or with nothing but its counters. */
#define COUNTS        WRITES("{{counters_dir}}")
#define ACCOUNTS_ONLY MAILBOXES NO_NETWORK
#define RESOLVER                                                               \
	"RestrictAddressFamilies=AF_UNIX AF_INET\n"                            \
	"IPAddressDeny=any\n"                                                  \
	"IPAddressAllow=localhost\n"

/* What runs all the time: by socket, with a descriptor or two a client. */
#define DAEMON                                                                 \
	.is_mail = true, .is_notify = true, .is_sandboxed = true,              \
	.n_files = 65536, .restart = "always"
#define ACCOUNTS DAEMON, .before = "dovecot.service", .user = "vmail"
#define DICT     ACCOUNTS, .has_run_dir = true

/*
 * Who may ask doveauth is decided by the folders that its sockets are in.
 * They stay when it stops: imap-login has one of them for its root.
 */
#define RUN_FOLDER(name)                                                       \
	"RuntimeDirectory=" name "\nRuntimeDirectoryMode=0711\n"               \
	"RuntimeDirectoryPreserve=yes\nNoExecPaths=-{{run_dir}}/" name "\n"
#define DOVEAUTH_FOLDERS                                                       \
	RUN_FOLDER("doveauth")                                                 \
	UNIT_FOLDER("doveauth/login", "vmail", "dovenull")                     \
	UNIT_FOLDER("doveauth/smtp", "vmail", "postfix")                       \
	UNIT_FOLDER("doveauth/filter", "vmail", "filtermail")                  \
	UNIT_FOLDER("doveauth/master", "vmail", "vmail")
#define FILTER(direction, who, network, more)                                  \
	DAEMON, .reader = who, .user = "filtermail", .man = "filtermail(8)",   \
		.command =                                                     \
			"{{libexec_dir}}/filtermail "                          \
			"{{ini_path}}{{overrides}} " direction                 \
			" --listen unix:{{run_dir}}/filtermail/" direction     \
			" --forward "                                          \
			"unix:{{spool_dir}}/postfix/filter/" direction more,   \
		.unit_lines = COUNTS network SOCKET_FOLDER(                    \
			"filtermail", "filtermail", "postfix"),                \
		.restart_on = LIST("{{libexec_dir}}/filtermail")

/* At the start Postfix may need a moment. */
#define WAIT_FOR_POSTFIX                                                       \
	"i=0\n"                                                                \
	"until [ -S {{spool_dir}}/postfix/public/showq ] || "                  \
	"[ $i = 50 ]; do\n"                                                    \
	"\ti=$((i + 1))\n"                                                     \
	"\tsleep 0.2\n"                                                        \
	"done\n"

static const struct service services[] = {
	{ .name = "doveauth",
		ACCOUNTS,
		.title = "Chatmail accounts, for Dovecot and Postfix",
		.man = "doveauth(8)",
		.command = "{{libexec_dir}}/doveauth {{run_dir}}/doveauth "
			   "{{ini_path}}{{overrides}}",
		/* Threads that hash give way to all others. */
		.unit_lines = COUNTS ACCOUNTS_ONLY DOVEAUTH_FOLDERS
		"SystemCallFilter=setpriority\n",
		.restart_on = LIST("{{libexec_dir}}/doveauth"),
		.reader = READ_DOVEAUTH,
		.ports = doveauth_ports },
	{ .name = "lastlogin",
		DICT,
		.title = "Chatmail days of last login, for Dovecot",
		.man = "lastlogin(8)",
		.command = "{{libexec_dir}}/lastlogin "
			   "{{run_dir}}/lastlogin/lastlogin.socket "
			   "{{ini_path}}{{overrides}}",
		.unit_lines = COUNTS ACCOUNTS_ONLY,
		.restart_on = LIST("{{libexec_dir}}/lastlogin"),
		.reader = READ_LASTLOGIN,
		.ports = lastlogin_ports },
	{ .name = "chatmail-metadata",
		DICT,
		.title = "Chatmail metadata and push notifications, for "
			 "Dovecot",
		.man = "chatmail-metadata(8)",
		.wants = "network-online.target",
		.after = "network-online.target unbound.service",
		.command = "{{libexec_dir}}/chatmail-metadata "
			   "{{metadata_socket}} {{ini_path}}{{overrides}}",
		.unit_lines = COUNTS MAILBOXES INTERNET,
		.restart_on = LIST("{{libexec_dir}}/chatmail-metadata"),
		.reader = READ_METADATA,
		.ports = metadata_ports },
	{ .name = "filtermail-outgoing",
		.title = "Chatmail filter of mail that users send",
		FILTER("outgoing", READ_FILTER_OUTGOING, NO_NETWORK, ""),
		.ports = outgoing_ports },
	{ .name = "filtermail-incoming",
		.title = "Chatmail filter of mail that comes from outside",
		FILTER("incoming", READ_FILTER_INCOMING, RESOLVER,
			" --accounts "
			"unix:{{run_dir}}/doveauth/filter/recipients"
			"{{^is_private}} --resolver 127.0.0.1{{/is_private}}"),
		.ports = incoming_ports },
	/* Both read their settings each time. */
	{ .name = "chatmail-expire",
		.unit = "chatmail-expire.timer",
		.is_mail = true,
		.is_sandboxed = true,
		.title = "Chatmail expiry of old mail and of accounts nobody "
			 "uses",
		.man = "chatmail-expire(8)",
		.command = "{{libexec_dir}}/chatmail-expire "
			   "{{ini_path}}{{overrides}}",
		.user = "vmail",
		.every_sec = 86400,
		.unit_lines = ACCOUNTS_ONLY "Nice=19\n"
					    "IOSchedulingClass=idle\n"
					    "CPUSchedulingPolicy=batch\n",
		.trigger_title = "Daily expiry of old mail",
		.trigger_lines = "OnCalendar=*-*-* 00:02:00\n"
				 "RandomizedDelaySec=1h\n"
				 "Persistent=yes\n",
		.restart_on = LIST("{{libexec_dir}}/chatmail-expire",
			"{{libexec_dir}}/every") },
	{ .name = "chatmail-metrics",
		.unit = "chatmail-metrics.timer",
		.is_mail = true,
		.is_sandboxed = true,
		.title = "Chatmail figures for Prometheus",
		.man = "chatmail-metrics(8)",
		.after = "{{postfix_unit}}",
		.command = "{{libexec_dir}}/chatmail-metrics "
			   "{{ini_path}}{{overrides}} "
			   "--output {{own_state_dir}}/metrics/chatmail.prom "
			   "--postfix {{spool_dir}}/postfix",
		.user = "vmail",
		/* Postfix tells this group about its queues. */
		.groups = "postdrop",
		.run_lines = WAIT_FOR_POSTFIX,
		.every_sec = 300,
		.unit_lines = "Nice=10\n"
			      "BindReadOnlyPaths={{mailboxes_dir}}\n" WRITES(
				      "{{own_state_dir}}/metrics") NO_NETWORK,
		.trigger_title = "Chatmail figures every five minutes",
		/* Not at once: Postfix may start at the same moment. */
		.trigger_lines = "OnActiveSec=20s\n"
				 "OnUnitActiveSec=5min\n"
				 "AccuracySec=10s\n",
		.restart_on = LIST("{{libexec_dir}}/chatmail-metrics",
			"{{libexec_dir}}/every") },
	{ 0 },
};

const struct component component_chatmaild = {
	.name = "chatmaild",
	.packages = LIST("libsystemd0", "libcrypt1", "libsodium23",
		"libjansson4", "libcurl4|libcurl4t64", "libunbound8",
		"ca-certificates"),
	.users = users,
	.folders = folders,
	.files = files,
	.services = services,
};
