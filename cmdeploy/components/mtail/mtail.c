/* Metrics out of logs, for those who ask for them by mtail_address. */
#include "cmdeploy/components/components.h"

/*
 * It reads the logs of runit as they are. From systemd's journal it gets
 * them by a named pipe: its standard input it does not read. ($$$$ is the
 * shell's own number.)
 */
#define MTAIL                                                                  \
	"/usr/bin/mtail --logtostderr --progs {{etc_dir}}/mtail "              \
	"--address {{mtail_address}} --port 3903"
#define COMMAND                                                                \
	"{{#is_runit}}" MTAIL " --logs '{{log_dir}}/*/current' "               \
	"--disable_fsnotify --poll_interval 1s "                               \
	"--poll_log_interval 1s{{/is_runit}}"                                  \
	"{{^is_runit}}/bin/sh -c '(journalctl --follow --lines=0 --quiet "     \
	"--output=short-iso >/run/mtail/journal; kill $$$$) & exec " MTAIL     \
	" --logs /run/mtail/journal'{{/is_runit}}"

#define UNIT_LINES                                                             \
	"DynamicUser=yes\n"                                                    \
	"ExecPaths=/usr\nNoExecPaths=-/run/mtail\n"                            \
	"RuntimeDirectory=mtail\n"                                             \
	"ExecStartPre=/bin/sh -c 'rm -f /run/mtail/journal && "                \
	"mkfifo /run/mtail/journal'\n"                                         \
	"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"                   \
	"# journalctl follows nothing where these have changed its view of "   \
	"the system.\n"                                                        \
	"ProtectControlGroups=no\n"                                            \
	"ProtectKernelTunables=no\n"                                           \
	"ProtectProc=default\n"

#define ASKED .when = "mtail_address"

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/mtail", .mode = 0755, ASKED },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{etc_dir}}/mtail/chatmail.mtail",
		.mode = 0644,
		.from = "mtail/chatmail.mtail",
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
		.title = "mtail, which makes metrics out of the journal",
		.man = "mtail(1)",
		.wants = "network-online.target",
		.after = "network-online.target",
		.command = COMMAND,
		.user = "mtail",
		.groups = "{{#is_runit}}_runit-log{{/is_runit}}"
			  "{{^is_runit}}systemd-journal{{/is_runit}}",
		.is_sandboxed = true,
		.unit_lines = UNIT_LINES,
		/* The address may come late. */
		.restart = "always",
		.restart_sec = 5,
		.restart_on = LIST("{{etc_dir}}/mtail/"),
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
