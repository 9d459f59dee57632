/* Mail over HTTPS between relays, where port 25 does not lead anywhere. */
#include "chatmaild/common/config.h"
#include "cmdeploy/components/components.h"

static const struct system_user users[] = {
	{ .name = "mxdeliv" },
	{ .name = "mxsend" },
	{ 0 },
};

#define SENDS .when = "has_mxsend"

static const struct folder folders[] = {
	{ .path = "{{run_dir}}/mxdeliv",
		.mode = 0750,
		.user = "mxdeliv",
		.group = "www-data",
		.when = "is_runit" },
	{ .path = "{{run_dir}}/mxsend",
		.mode = 0750,
		.user = "mxsend",
		.group = "postfix",
		.when = "is_runit has_mxsend" },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{libexec_dir}}/mxdeliv",
		.mode = 0755,
		.program = "mxdeliv" },
	{ .path = "{{libexec_dir}}/mxsend", .mode = 0755, .program = "mxsend" },
	{ 0 },
};

static const struct port receiver_ports[] = {
	{ .address = "unix:{{run_dir}}/mxdeliv/http.socket" },
	{ 0 },
};

static const struct port sender_ports[] = {
	{ .address = "unix:{{run_dir}}/mxsend/map" },
	{ .address = "unix:{{run_dir}}/mxsend/lmtp" },
	{ .address = "{{internal_address}}",
		.port = "10083",
		.probe = PROBE_SMTP },
	{ 0 },
};

/* nginx alone may say who the client is, so the folder is of its group. */
#define RECEIVER_LINES                                                         \
	SOCKET_FOLDER("mxdeliv", "mxdeliv", "www-data")                        \
	"InaccessiblePaths=-{{spool_dir}}/postfix\n" NO_NETWORK

/* Postfix alone may send. What it is told stays valid when we restart. */
#define SENDER_LINES SOCKET_FOLDER("mxsend", "mxsend", "postfix") INTERNET

#define DAEMON                                                                 \
	.is_mail = true, .is_notify = true, .is_sandboxed = true,              \
	.n_files = 4096, .restart = "always"

static const struct service services[] = {
	{ .name = "mxdeliv",
		DAEMON,
		.title = "Chatmail receiver of mail over HTTPS",
		.man = "mxdeliv(8)",
		.command = "{{libexec_dir}}/mxdeliv "
			   "unix:{{run_dir}}/mxdeliv/http.socket "
			   "{{ini_path}}{{overrides}} "
			   "unix:{{run_dir}}/filtermail/incoming",
		.user = "mxdeliv",
		/* Those who may hand mail to the filter. */
		.groups = "postfix",
		.unit_lines = RECEIVER_LINES,
		.restart_on = LIST("{{libexec_dir}}/mxdeliv"),
		.reader = READ_MXDELIV,
		.ports = receiver_ports },
	{ .name = "mxsend",
		DAEMON,
		SENDS,
		.title = "Chatmail sender of mail over HTTPS",
		.man = "mxsend(8)",
		.wants = "network-online.target",
		.after = "network-online.target unbound.service",
		.before = "postfix.service",
		.command =
			"{{libexec_dir}}/mxsend {{run_dir}}/mxsend "
			"{{ini_path}}{{overrides}} {{internal_address}}:10083"
			"{{#is_private}} {{listen_address}}{{/is_private}}",
		.user = "mxsend",
		.unit_lines = SENDER_LINES,
		.restart_on = LIST("{{libexec_dir}}/mxsend"),
		.reader = READ_MXSEND,
		.ports = sender_ports },
	{ 0 },
};

const struct component component_mxdeliv = {
	.name = "mxdeliv",
	.packages = LIST("libmicrohttpd12|libmicrohttpd12t64"),
	.users = users,
	.folders = folders,
	.files = files,
	.services = services,
};
