/*
 * Certificates of an authority that speaks ACME. acmetool's own files say
 * what is wanted; relay/certificate.c has it fetched for the first time,
 * and Debian's timer has it renewed.
 */
#include "cmdeploy/components/components.h"

#define WANTED .when = "has_acme"

static const struct folder folders[] = {
	/* Elsewhere systemd makes it. */
	{ .path = "{{run_dir}}/acme",
		.mode = 0755,
		.when = "has_acme is_runit" },
	{ .path = "{{state_dir}}/acme", .mode = 0755, WANTED },
	{ .path = "{{state_dir}}/acme/conf", .mode = 0755, WANTED },
	{ .path = "{{state_dir}}/acme/desired", .mode = 0755, WANTED },
	{ .path = "{{etc_dir}}/acme", .mode = 0755, WANTED },
	{ .path = "{{etc_dir}}/acme/hooks", .mode = 0755, WANTED },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{state_dir}}/acme/conf/target",
		.mode = 0644,
		.from = "acmetool/target",
		WANTED },
	{ .path = "{{state_dir}}/acme/desired/{{mail_domain}}",
		.mode = 0644,
		.from = "acmetool/desired",
		.when = "has_acme acme_key_id" },
	{ .path = "{{etc_dir}}/acme/hooks/chatmail",
		.mode = 0755,
		.from = "acmetool/hook",
		WANTED },
	{ 0 },
};

/* clang-format off */
#define WALLS                                                                  \
	NO_MAIL NO_DKIM                                                        \
	WRITES("-{{state_dir}}/acme -/run/acme " RENEWED)                      \
	"# Not over IPv6 where the machine has none; the rest is as Debian "   \
	"has it.\n"                                                            \
	"RestrictAddressFamilies=AF_NETLINK\n"
/* clang-format on */

static const struct service services[] = {
	{ .name = "acmetool",
		WANTED,
		.unit = "acmetool.timer",
		/* When a run has got none, the servers are told of the first.
		 */
		.command = "/bin/sh -c 'acmetool --batch reconcile && "
			   "{ grep -q {{state_dir}}/acme/live "
			   "{{etc_dir}}/nginx/nginx.conf || "
			   "exec {{cmdeploy_path}} run --ssh-host @local; }'",
		.run_lines = AN_HOUR_LATER,
		.every_sec = 43200,
		.wants = "network-online.target",
		.after = "network-online.target unbound.service",
		.is_walled = true,
		.unit_lines = WALLS,
		.restart_on = LIST("{{state_dir}}/acme/conf/target") },
	{ 0 },
};

const struct component component_acmetool = {
	.name = "acmetool",
	.when = "has_acme",
	.packages = LIST("acmetool"),
	.folders = folders,
	.files = files,
	.services = services,
};
