/*
 * The resolver, which checks DNSSEC: for DKIM keys and for where mail
 * goes. The machine asks it for everything, once it answers.
 */
#include "cmdeploy/components/components.h"

static const struct file files[] = {
	{ .path = "/etc/unbound/unbound.conf.d/chatmail.conf",
		.mode = 0644,
		.from = "unbound/chatmail.conf" },
	/* Its package brings none; the hook of resolvconf reads it. */
	{ .path = "/etc/default/unbound",
		.mode = 0644,
		.from = "unbound/default" },
	{ .path = "/etc/dhcp/dhclient-enter-hooks.d/chatmail",
		.mode = 0644,
		.from = "unbound/dhclient-hook",
		.when = "has_dhclient has_resolver" },
	/* In a container it is the engine's. */
	{ .path = "/etc/resolv.conf",
		.mode = 0644,
		.from = "unbound/resolv.conf",
		.may_be_link = true,
		.when = "has_resolver !is_runit" },
	{ 0 },
};

static const struct port ports[] = {
	{ .address = "127.0.0.1", .port = "53" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "unbound",
		.command = "/usr/sbin/unbound -d -p",
		.run_lines = "/usr/libexec/unbound-helper "
			     "root_trust_anchor_update || :\n",
		.is_walled = true,
		/* unbound-control's socket is in the folder of all. */
		.unit_lines = "ReadOnlyPaths=\n" WRITES(
			"-/var/lib/unbound {{run_dir}}")
			NO_MAIL NO_DKIM NO_KEYS INTERNET
		"CapabilityBoundingSet=CAP_CHOWN "
		"CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETUID\n",
		.restart = "on-failure",
		/* A restart ends what resolvconf has told it before. */
		.restart_on = LIST("/etc/default/unbound",
			"/etc/unbound/unbound.conf.d/chatmail.conf"),
		.ports = ports },
	{ 0 },
};

const struct component component_unbound = {
	.name = "unbound",
	.packages = LIST("unbound", "dns-root-data"),
	.files = files,
	.services = services,
};
