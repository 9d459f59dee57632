/* The door for mail: nginx, before Postfix and Dovecot. */
#include "cmdeploy/components/components.h"

/* Not that of the web: neither can end the other, or read what it has. */
static const struct system_user users[] = {
	{ .name = "mailproxy" },
	{ 0 },
};

static const struct folder folders[] = {
	{ .path = "{{run_dir}}/mailproxy",
		.mode = 0750,
		.group = "mailproxy",
		.when = "is_runit" },
	{ .path = MAILPROXY_TLS,
		.mode = 0750,
		.group = "mailproxy",
		.when = "!is_runit" },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{own_etc_dir}}/mailproxy.conf",
		.mode = 0644,
		.from = "mailproxy/mailproxy.conf" },
	{ 0 },
};

static const struct port ports[] = {
	PROXIED("11025"),
	PROXIED("11143"),
	PROXIED("11465"),
	PROXIED("11587"),
	PROXIED("11993"),
	{ .address = "{{listen_address}}",
		.port = "25",
		.probe = PROBE_SMTP,
		.label = "mail from other relays" },
	{ .address = "{{listen_address}}",
		.port = "465",
		.probe = PROBE_TLS,
		.label = "SMTP for apps, TLS" },
	{ .address = "{{listen_address}}",
		.port = "587",
		.probe = PROBE_SMTP,
		.label = "SMTP for apps, STARTTLS" },
	{ .address = "{{listen_address}}",
		.port = "143",
		.probe = PROBE_IMAP,
		.label = "IMAP for apps, STARTTLS" },
	{ .address = "{{listen_address}}",
		.port = "993",
		.probe = PROBE_TLS,
		.label = "IMAP for apps, TLS" },
	{ 0 },
};

/* nginx does not take over a socket that a killed one left. */
#define RM_SOCKET "rm -f {{run_dir}}/mailproxy/way.sock\n"

/* Root writes into the folder, and it and mailproxy alone read there. */
#define COPY_CERTIFICATE                                                       \
	"/bin/sh -c 'install -m 0440 -g mailproxy "                            \
	"{{cert_path}} " MAILPROXY_TLS                                         \
	"/cert.pem && install -m 0440 -g mailproxy "                           \
	"{{key_path}} " MAILPROXY_TLS "/key.pem'\n"

#define COMMAND                                                                \
	"/usr/sbin/nginx -p {{root}}/ -c {{own_etc_dir}}/mailproxy.conf "      \
	"-e stderr"

/* clang-format off */
#define UNIT_LINES                                                             \
	"User=mailproxy\n"                                                     \
	"Group=mailproxy\n"                                                    \
	"RuntimeDirectory=mailproxy\n"                                         \
	"RuntimeDirectoryMode=0750\n"                                          \
	"ExecStartPre=+-/bin/" RM_SOCKET                                       \
	"ExecStartPre=+" COPY_CERTIFICATE                                      \
	"ExecReload=+" COPY_CERTIFICATE                                        \
	"ExecReload=" COMMAND " -t -q\n"                                       \
	"ExecReload=+/bin/kill -s HUP $MAINPID\n"                              \
	"ExecStopPost=+/bin/rm -f " MAILPROXY_TLS "/key.pem\n"                 \
	"ExecPaths=/usr/sbin/nginx\n"                                          \
	"NoExecPaths=-{{run_dir}}/mailproxy\n"                                 \
	NO_MAIL NO_DKIM ONLY_COPY_OF_TLS INTERNET                              \
	"CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"                         \
	"AmbientCapabilities=CAP_NET_BIND_SERVICE\n"
/* clang-format on */

static const struct service services[] = {
	/*
	 * Postfix and Dovecot of the version before have these ports until the
	 * same run reloads them; so long this is started again and again.
	 */
	{ .name = "mailproxy",
		.is_mail = true,
		.title = "Door for mail, before Postfix and Dovecot",
		.wants = "network-online.target",
		.after = "network-online.target {{postfix_unit}} "
			 "dovecot.service",
		/* Workers of a killed master would keep the ports. */
		.is_group = true,
		.command = COMMAND,
		.test_args = "-t -q",
		.run_lines = RM_SOCKET,
		/* Under systemd without root, even its main process. */
		.is_sandboxed = true,
		.unit_lines = UNIT_LINES,
		/* A silent client takes three; one that is served, four. */
		.n_files = 131072,
		.restart = "always",
		.reload_on = LIST("{{own_etc_dir}}/mailproxy.conf",
			"{{own_etc_dir}}/tls/"),
		.ports = ports },
	{ 0 },
};

const struct component component_mailproxy = {
	.name = "mailproxy",
	.packages = LIST("nginx", "libnginx-mod-mail", "libnginx-mod-stream"),
	.users = users,
	.folders = folders,
	.files = files,
	.services = services,
};
