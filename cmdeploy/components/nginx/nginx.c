/* The web server, and port 443 for those whom other ports do not reach. */
#include "cmdeploy/components/components.h"

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/nginx", .mode = 0755 },
	{ .path = "{{run_dir}}/nginx",
		.mode = 0755,
		.user = "www-data",
		.when = "is_private" },
	{ .path = "{{run_dir}}/fcgiwrap",
		.mode = 0755,
		.user = "www-data",
		.group = "www-data",
		.when = "is_private" },
	RUNIT_FOLDERS("nginx"),
	RUNIT_FOLDERS("fcgiwrap"),
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
	RUNIT_FILES("nginx", "nginx"),
	RUNIT_FILES("nginx", "fcgiwrap"),
	DROP_IN("nginx.service", "nginx/nginx.drop-in"),
	DROP_IN("fcgiwrap.service", "nginx/fcgiwrap.drop-in"),
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
	/* Whatever comes there must tell by PROXY protocol from where. */
	{ .address = "{{internal_address}}",
		.port = "8443",
		.probe = PROBE_NONE },
	{ 0 },
};

static const struct port fcgiwrap_ports[] = {
	{ .address = "unix:{{fcgiwrap_socket}}" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "fcgiwrap",
		.enable = "fcgiwrap.socket",
		.is_on_demand = true,
		.restart_on = LIST(RUN("fcgiwrap")),
		.ports = fcgiwrap_ports },
	{ .name = "nginx",
		.restart_on = LIST(RUN("nginx")),
		.reload_on = LIST("{{etc_dir}}/nginx/", "{{own_etc_dir}}/tls/"),
		.ports = nginx_ports },
	{ 0 },
};

const struct component component_nginx = {
	.name = "nginx",
	.packages = LIST("nginx-light", "libnginx-mod-stream", "fcgiwrap"),
	.folders = folders,
	.files = files,
	.services = services,
};
