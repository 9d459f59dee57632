/* The web server, and port 443 for those whom other ports do not reach. */
#include "cmdeploy/components/components.h"

/* nginx does not take over a socket that a killed one left. */
#define RM_SOCKET "rm -f {{run_dir}}/nginx/web.sock\n"

/* It runs the program of that name, behind fcgiwrap. */
static const struct system_user users[] = {
	{ .name = "newemail" },
	{ 0 },
};

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/nginx", .mode = 0755 },
	/* Root makes and chowns folders in it: nobody else may. */
	{ .path = "{{run_dir}}/nginx",
		.mode = 0750,
		.group = "www-data",
		.when = "is_runit" },
	/* What is made in it belongs to the group of nginx. */
	{ .path = "{{run_dir}}/fcgiwrap",
		.mode = 02750,
		.user = "newemail",
		.group = "www-data",
		.when = "is_runit" },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{etc_dir}}/nginx/nginx.conf",
		.mode = 0644,
		.from = "nginx/nginx.conf" },
	{ .path = "{{etc_dir}}/nginx/site.conf",
		.mode = 0644,
		.from = "nginx/site.conf" },
	{ .path = "{{etc_dir}}/nginx/listen-http.conf",
		.mode = 0644,
		.from = "nginx/listen-http.conf" },
	{ .path = "{{etc_dir}}/nginx/autoconfig.xml",
		.mode = 0644,
		.from = "nginx/autoconfig.xml" },
	{ .path = "{{etc_dir}}/nginx/mta-sts.txt",
		.mode = 0644,
		.from = "nginx/mta-sts.txt" },
	{ 0 },
};

static const struct port nginx_ports[] = {
	{ .address = "{{listen_address}}",
		.port = "80",
		.probe = PROBE_HTTP,
		.label = "web" },
	{ .address = "{{listen_address}}",
		.port = "443",
		.probe = PROBE_TLS,
		.label = "web, IMAP and SMTP in one, TLS" },
	{ 0 },
};

static const struct port fcgiwrap_ports[] = {
	{ .address = "unix:{{fcgiwrap_socket}}" },
	{ 0 },
};

/* Of our folder in /etc, a server that does TLS sees the certificate. */
#define ONLY_CERTIFICATE                                                       \
	"TemporaryFileSystem={{own_etc_dir}}:ro\n"                             \
	"BindReadOnlyPaths=-{{own_etc_dir}}/tls\n"
/* Its pid file is in its own folder; Debian's would be in the one of all. */
#define PID_FILE "{{run_dir}}/nginx/nginx.pid"
/* clang-format off */
#define WALLS                                                                  \
	"PIDFile=" PID_FILE "\n"                                               \
	"ExecStop=\n"                                                          \
	"ExecStop=-/sbin/start-stop-daemon --quiet --stop --retry QUIT/5 "     \
	"--pidfile " PID_FILE "\n"                                             \
	WRITES("-{{state_dir}}/nginx -/var/log/nginx")                         \
	"NoExecPaths=-{{run_dir}}/nginx\n"                                     \
	NO_MAIL NO_DKIM ONLY_CERTIFICATE INTERNET                              \
	"CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE "                    \
	"CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETUID\n"
/* clang-format on */

static const struct service services[] = {
	{ .name = "fcgiwrap",
		.enable = "fcgiwrap.socket",
		.is_on_demand = true,
		/* One process: more would outlive a stop, and each answer
		 * takes milliseconds. */
		.command = "/usr/sbin/fcgiwrap -f -s unix:{{fcgiwrap_socket}}",
		.user = "newemail",
		.run_lines = "rm -f {{fcgiwrap_socket}}\numask 007\n",
		.is_walled = true,
		/* Debian's socket lets www-data in. */
		.unit_lines = "User=newemail\n"
			      "Group=newemail\n" NO_MAIL NO_DKIM NO_NETWORK
			      "CapabilityBoundingSet=\n",
		.restart = "on-failure",
		.ports = fcgiwrap_ports },
	{ .name = "nginx",
		/* Workers of a killed master would keep the ports. */
		.is_group = true,
		.command = "/usr/sbin/nginx -p {{root}}/ "
			   "-c {{etc_dir}}/nginx/nginx.conf -e stderr",
		.run_lines = RM_SOCKET,
		.is_walled = true,
		/* Its inner socket is for its own processes. */
		.unit_lines = "Group=www-data\n"
			      "RuntimeDirectory=nginx\n"
			      "RuntimeDirectoryMode=0750\n"
			      "RuntimeDirectoryPreserve=restart\n"
			      "# nginx does not take over a socket that a "
			      "killed one left.\n"
			      "ExecStartPre=-/bin/" RM_SOCKET WALLS,
		/* A connection is two. */
		.n_files = 65536,
		.restart = "on-failure",
		.reload_on = LIST("{{etc_dir}}/nginx/", "{{own_etc_dir}}/tls/"),
		.test_args = "-t -q",
		.ports = nginx_ports },
	{ 0 },
};

const struct component component_nginx = {
	.name = "nginx",
	.packages = LIST("nginx", "libnginx-mod-stream", "fcgiwrap"),
	.users = users,
	.folders = folders,
	.files = files,
	.services = services,
};
