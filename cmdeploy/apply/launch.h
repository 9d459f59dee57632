/*
 * launch.h - the files by which runit or systemd start a service, made
 * from its declaration: run and finish scripts and that of its log, or a unit
 * with its timer or path, or what is added to a unit of Debian's.
 */
#ifndef CMDEPLOY_APPLY_LAUNCH_H
#define CMDEPLOY_APPLY_LAUNCH_H

#include "cmdeploy/apply/component.h"

enum {
	LAUNCH_FILES_MAX = 3,
};

struct launch_file {
	char *path;      /* a template, as `text` is */
	struct buf text; /* the caller releases both */
	mode_t mode;
	bool is_aside; /* the service does not start with it */
};

/* Fills in the files; how many there are. */
size_t launch_files(const struct service *service, bool is_runit,
	struct launch_file ret_files[LAUNCH_FILES_MAX]);

#endif
