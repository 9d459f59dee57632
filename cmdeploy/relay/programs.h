/*
 * programs.h - where our own programs lie: beside this one in the build
 * folder, or where the package puts them.
 */
#ifndef CMDEPLOY_RELAY_PROGRAMS_H
#define CMDEPLOY_RELAY_PROGRAMS_H

#include "lib/buf.h"

int programs_find(
	const char *name, char **ret_path, struct buf *why) MUST_CHECK;

#endif
