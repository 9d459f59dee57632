/* Mailboxes and logins. */
#include "cmdeploy/components/components.h"

/* Names that plugin to Dovecot that fits the Dovecot that is installed. */
#define IDLE_SETUP                                                             \
	"{{libexec_dir}}/instant-idle-setup {{libexec_dir}} \\\n"              \
	"\t{{idle_dir}}/instant-idle.conf {{idle_dir}}/dovecot-modules \\\n"   \
	"\t{{idle_dir}}/push-notice.conf {{metadata_socket}}"

#define CONF(name, version, condition)                                         \
	{                                                                      \
		.path = "{{etc_dir}}/dovecot/" name, .mode = 0644,             \
		.from = "dovecot/" version "/dovecot.conf", .when = condition  \
	}

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/dovecot", .mode = 0755 },
	{ .path = "{{run_dir}}/dovecot", .mode = 0755, .when = "is_runit" },
	{ .path = "{{state_dir}}/dovecot", .mode = 0755, .when = "is_runit" },
	{ 0 },
};

static const struct file files[] = {
	/* On a server both, so that one fits after an upgrade of Debian. */
	CONF("dovecot.conf", "2.3", "!has_dovecot_2_4"),
	CONF("dovecot.conf", "2.4", "has_dovecot_2_4"),
	CONF("dovecot-2.3.conf", "2.3", "!is_private"),
	CONF("dovecot-2.4.conf", "2.4", "!is_private"),
	{ .path = "{{own_etc_dir}}/choose-dovecot-conf",
		.mode = 0755,
		.from = "dovecot/choose",
		.when = "!is_private" },
	{ .path = "{{libexec_dir}}/instant-idle-setup",
		.mode = 0755,
		.program = "instant-idle-setup" },
	{ .path = "{{libexec_dir}}/instant-idle-2.3.so",
		.mode = 0755,
		.program = "instant-idle-2.3.so",
		.when = "has_instant_idle_2_3" },
	{ .path = "{{libexec_dir}}/push-notice-2.3.so",
		.mode = 0755,
		.program = "push-notice-2.3.so",
		.when = "has_instant_idle_2_3" },
	{ .path = "{{libexec_dir}}/instant-idle-2.4.so",
		.mode = 0755,
		.program = "instant-idle-2.4.so",
		.when = "has_instant_idle_2_4" },
	{ .path = "{{libexec_dir}}/push-notice-2.4.so",
		.mode = 0755,
		.program = "push-notice-2.4.so",
		.when = "has_instant_idle_2_4" },
	{ .path = "{{etc_dir}}/dovecot/push.lua",
		.mode = 0644,
		.from = "dovecot/push.lua" },
	{ 0 },
};

static const struct port ports[] = {
	PROXIED("10993"),
	{ .address = "unix:{{spool_dir}}/postfix/private/dovecot-lmtp" },
	{ 0 },
};

/*
 * Of homes it sees the mailboxes, wherever they are. imap-login listens in a
 * folder that is doveauth's.
 */
/* clang-format off */
#define WALLS                                                                  \
	"ExecStartPre=+/usr/bin/install -d -m 0755 {{run_dir}}/dovecot\n"      \
	"ProtectHome=tmpfs\n"                                                  \
	MAILBOXES                                                              \
	WRITES("-{{run_dir}}/dovecot -{{run_dir}}/doveauth/login "             \
	       "-{{state_dir}}/dovecot -{{spool_dir}}/postfix/private")        \
	"NoExecPaths=-{{idle_dir}}\n"                                          \
	NO_DKIM NO_TLS INTERNET                                                \
	"CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_KILL "           \
	"CAP_SETGID CAP_SETUID CAP_SYS_CHROOT CAP_SYS_RESOURCE\n"              \
	"SystemCallFilter=chroot\n"
/* clang-format on */

static const struct service services[] = {
	{ .name = "dovecot",
		.is_mail = true,
		.wants = "doveauth.service lastlogin.service "
			 "chatmail-metadata.service",
		/* Busy sessions outlive their master by ten seconds. */
		.is_group = true,
		.command = "/usr/sbin/dovecot -F "
			   "-c {{etc_dir}}/dovecot/dovecot.conf",
		.run_lines = IDLE_SETUP
		" ||\n\trm -f {{idle_dir}}/instant-idle.conf "
		"{{idle_dir}}/push-notice.conf\n",
		.is_walled = true,
		.unit_lines = "# Whichever Dovecot the machine has by now.\n"
			      "ExecStartPre=+{{own_etc_dir}}/"
			      "choose-dovecot-conf\n"
			      "# Names the plugin to Dovecot that fits the "
			      "Dovecot that is installed.\n"
			      "RuntimeDirectory=instant-idle\n"
			      "RuntimeDirectoryPreserve=restart\n"
			      "ExecStartPre=-" IDLE_SETUP "\n" WALLS,
		/* Every connection costs a few. */
		.n_files = 1048576,
		.restart = "on-failure",
		.restart_on = LIST("{{libexec_dir}}/instant-idle-setup",
			"{{libexec_dir}}/instant-idle-2.3.so",
			"{{libexec_dir}}/instant-idle-2.4.so",
			"{{libexec_dir}}/push-notice-2.3.so",
			"{{libexec_dir}}/push-notice-2.4.so"),
		.reload_on = LIST("{{etc_dir}}/dovecot/"),
		.ports = ports },
	{ 0 },
};

const struct component component_dovecot = {
	.name = "dovecot",
	.packages = LIST("dovecot-core", "dovecot-imapd", "dovecot-lmtpd"),
	.folders = folders,
	.files = files,
	.services = services,
};
