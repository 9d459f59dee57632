/* A backup each night, for those who have said where it goes. */
#include "cmdeploy/components/components.h"

#define ASKED .when = "backup_to"

static const struct service services[] = {
	{ .name = "chatmail-backup",
		.unit = "chatmail-backup.timer",
		ASKED,
		.title = "Chatmail backup of the whole relay",
		.man = "cmdeploy(1)",
		.wants = "network-online.target",
		.after = "network-online.target",
		.command = "{{cmdeploy_path}} backup --ssh-host @local",
		.run_lines = AN_HOUR_LATER,
		.every_sec = 86400,
		.is_walled = true,
		/* As root: it reads keys, uses root's ssh with whatever that
		 * runs, and writes to wherever it was told. */
		.unit_lines = "ProtectHome=no\n"
			      "ProtectSystem=full\n"
			      "ReadWritePaths={{own_etc_dir}}\n"
			      "PrivateTmp=no\n"
			      "InaccessiblePaths=\n"
			      "NoExecPaths=\n"
			      "ReadOnlyPaths=\n" INTERNET
			      "CapabilityBoundingSet=CAP_CHOWN "
			      "CAP_DAC_OVERRIDE CAP_FOWNER\n"
			      "SystemCallFilter=~@resources\n"
			      "UMask=0077\n"
			      "Nice=19\n"
			      "IOSchedulingClass=idle\n"
			      "CPUSchedulingPolicy=batch\n",
		.trigger_title = "Nightly backup",
		.trigger_lines = "OnCalendar=*-*-* 03:00:00\n"
				 "RandomizedDelaySec=1h\n"
				 "Persistent=yes\n" },
	{ 0 },
};

const struct component component_backup = {
	.name = "backup",
	.when = "backup_to",
	.packages = LIST("restic"),
	.services = services,
};
