/*
 * programs.h - where our own programs lie: beside this one in the build
 * folder, or where the package puts them; or would put them, when this one
 * runs out of a package that is unpacked and not installed.
 */
#ifndef CMDEPLOY_RELAY_PROGRAMS_H
#define CMDEPLOY_RELAY_PROGRAMS_H

#include "lib/buf.h"

/* The folder above this program's: of a build, if it is in one. To free. */
int programs_build_dir(char **ret_dir, struct buf *why) MUST_CHECK;

int programs_find(
	const char *name, char **ret_path, struct buf *why) MUST_CHECK;

#endif
