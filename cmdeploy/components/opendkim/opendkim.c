/*
 * Signatures of all mail that leaves; filtermail looks at those of what
 * comes. An address has no zone to put a key into, so a relay that is named
 * by one goes without.
 */
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"
#include "lib/proc.h"

#define SIGNED .when = "has_dkim"

enum {
	OPENSSL_SEC = 60,
};

static int create_key(
	const struct apply *apply UNUSED, struct buf *out, struct buf *why)
{
	return proc_run_ok(
		&(struct proc){
			.argv = LIST(
				"openssl", "genrsa", "-traditional", "2048"),
			.timeout_sec = OPENSSL_SEC,
			.out = out,
			.err = &(struct buf){ .max = BUF_WHY_MAX_BYTES },
		},
		why);
}

static const struct folder folders[] = {
	{ .path = "{{etc_dir}}/dkimkeys",
		.mode = 0700,
		.user = "opendkim",
		.group = "opendkim",
		SIGNED },
	{ .path = "{{run_dir}}/opendkim",
		.mode = 0750,
		.user = "opendkim",
		.when = "has_dkim is_runit" },
	/* What is made in it belongs to Postfix's group. */
	{ .path = "{{spool_dir}}/postfix/opendkim",
		.mode = 02750,
		.user = "opendkim",
		.group = "postfix",
		SIGNED },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{dkim_key_path}}",
		.mode = 0600,
		.user = "opendkim",
		.group = "opendkim",
		.create = create_key,
		SIGNED },
	{ .path = "{{etc_dir}}/opendkim.conf",
		.mode = 0644,
		.from = "opendkim/opendkim.conf",
		SIGNED },
	{ 0 },
};

static const struct port ports[] = {
	{ .address = "unix:{{opendkim_socket}}" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "opendkim",
		SIGNED,
		.is_mail = true,
		/* It leaks memory, so that each day another one begins. */
		.command = "/usr/bin/timeout 86400 /usr/sbin/opendkim -f "
			   "-x {{etc_dir}}/opendkim.conf",
		.run_lines = "rm -f {{opendkim_socket}}\n",
		.wants = "unbound.service",
		.after = "unbound.service",
		.is_walled = true,
		.unit_lines = "User=opendkim\n"
			      "Group=opendkim\n" WRITES(
				      "-{{run_dir}}/opendkim "
				      "-{{spool_dir}}/postfix/opendkim")
				      NO_MAIL NO_KEYS NO_NETWORK
		"CapabilityBoundingSet=\n"
			      /* Told to end, libmilter takes up to five
			       * seconds to notice; there is nothing to lose. */
			      "KillSignal=SIGKILL\n"
			      "SuccessExitStatus=SIGKILL\n",
		.n_files = 65536,
		.restart = "always",
		.restart_on =
			LIST("{{etc_dir}}/opendkim.conf", "{{dkim_key_path}}"),
		.ports = ports },
	{ .name = "chatmail-opendkim",
		.when = "has_dkim !is_runit",
		.unit = "chatmail-opendkim.timer",
		.is_mail = true,
		.title = "Daily restart of OpenDKIM, which leaks memory",
		.command = "/bin/systemctl try-restart opendkim.service",
		.is_walled = true,
		.unit_lines = TELLS_SYSTEMD NO_MAIL NO_DKIM NO_KEYS NO_NETWORK
		"CapabilityBoundingSet=\n",
		.trigger_title = "Daily restart of OpenDKIM",
		.trigger_lines = "OnCalendar=*-*-* 04:40:00\n"
				 "RandomizedDelaySec=15min\n" },
	{ 0 },
};

const struct component component_opendkim = {
	.name = "opendkim",
	.when = "has_dkim",
	.packages = LIST("opendkim", "openssl"),
	.folders = folders,
	.files = files,
	.services = services,
};
