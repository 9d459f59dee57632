/* Mail in and out. */
#include "cmdeploy/components/components.h"

#define QUEUE(name)                                                            \
	{                                                                      \
		.path = "{{spool_dir}}/postfix/" name, .mode = 0700,           \
		.user = "postfix", .when = "is_runit"                          \
	}
#define CONF(name)                                                             \
	{                                                                      \
		.path = "{{etc_dir}}/postfix/" name, .mode = 0644,             \
		.from = "postfix/" name                                        \
	}

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/postfix", .mode = 0755 },
	/* On a server the package, or Postfix's start, makes the rest. */
	{ .path = "{{spool_dir}}/postfix", .mode = 0755, .when = "is_runit" },
	{ .path = "{{spool_dir}}/postfix/pid",
		.mode = 0755,
		.when = "is_runit" },
	QUEUE("active"),
	QUEUE("bounce"),
	QUEUE("corrupt"),
	QUEUE("defer"),
	QUEUE("deferred"),
	QUEUE("flush"),
	QUEUE("hold"),
	QUEUE("incoming"),
	/* Dovecot, which may start before Postfix does, listens in there. */
	{ .path = "{{spool_dir}}/postfix/private",
		.mode = 0700,
		.user = "postfix" },
	QUEUE("saved"),
	QUEUE("trace"),
	{ .path = "{{spool_dir}}/postfix/maildrop",
		.mode = 01730,
		.user = "postfix",
		.group = "postdrop",
		.when = "is_runit" },
	{ .path = "{{spool_dir}}/postfix/public",
		.mode = 02710,
		.user = "postfix",
		.group = "postdrop",
		.when = "is_runit" },
	/* Where the filters hand on to, by the services ../filter/... */
	{ .path = "{{spool_dir}}/postfix/filter",
		.mode = 0710,
		.user = "postfix",
		.group = "filtermail" },
	/* Postfix puts "unix." before their names for its lock files. */
	{ .path = "{{spool_dir}}/postfix/pid/unix...", .mode = 0755 },
	{ .path = "{{spool_dir}}/postfix/pid/unix.../filter",
		.mode = 0700,
		.user = "postfix" },
	{ .path = "{{state_dir}}/postfix",
		.mode = 0700,
		.user = "postfix",
		.group = "postfix",
		.when = "is_runit" },
	{ 0 },
};

static const struct file files[] = {
	/* Postfix reads a file that is younger than two seconds again, since
	 * it may be half written; ours never is. */
	{ .path = "{{etc_dir}}/postfix/main.cf",
		.mode = 0644,
		.from = "postfix/main.cf",
		.is_dated_back = true },
	CONF("master.cf"),
	CONF("delivery-checks"),
	CONF("header-checks"),
	CONF("login-map"),
	CONF("own-transport"),
	CONF("part-checks"),
	CONF("tls-policy"),
	{ 0 },
};

static const struct port ports[] = {
	PROXIED("10024"),
	PROXIED("10587"),
	{ .address = "unix:{{spool_dir}}/postfix/filter/outgoing" },
	{ .address = "unix:{{spool_dir}}/postfix/filter/incoming" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "postfix",
		.unit = "{{postfix_unit}}",
		.enable = "postfix.service",
		.is_mail = true,
		.wants = "network-online.target",
		.after = "network-online.target unbound.service "
			 "dovecot.service filtermail-outgoing.service "
			 "opendkim.service mxsend.service",
		/* `postfix start-fg` would leave the master behind. */
		.command = "/usr/lib/postfix/sbin/master "
			   "-c {{etc_dir}}/postfix -s",
		.run_lines = "export MAIL_CONFIG={{etc_dir}}/postfix\n",
		.is_walled = true,
		.unit_lines =
			"PIDFile={{spool_dir}}/postfix/pid/master.pid\n" WRITES(
				"-{{spool_dir}}/postfix -{{state_dir}}/postfix")
				NO_MAIL NO_DKIM NO_KEYS INTERNET
		"CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE "
		"CAP_FOWNER CAP_KILL CAP_SETGID CAP_SETUID\n",
		.n_files = 65536,
		.restart = "on-failure",
		.reload_on = LIST("{{etc_dir}}/postfix/"),
		.ports = ports },
	{ 0 },
};

const struct component component_postfix = {
	.name = "postfix",
	.packages = LIST("postfix"),
	.folders = folders,
	.files = files,
	.services = services,
};
