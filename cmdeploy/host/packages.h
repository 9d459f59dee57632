/*
 * packages.h - Debian packages and system users of this machine.
 */
#ifndef CMDEPLOY_HOST_PACKAGES_H
#define CMDEPLOY_HOST_PACKAGES_H

#include <stddef.h>

#include "cmdeploy/host/host.h"

/*
 * Appends to *missing (separated by blanks) those of the n packages that
 * are not installed, and tells how many.
 */
int packages_missing(const struct host *host, const char *const *names,
	size_t n, struct buf *missing, struct buf *why) MUST_CHECK;

/*
 * Installs the packages in `names` (separated by blanks) without a
 * question. Services that they bring are neither started nor enabled,
 * those that were there before stay as they are. `on_line` gets what
 * apt-get says; all of it goes to `log`.
 */
int packages_install(const struct host *host, const char *names,
	void (*on_line)(struct slice line, void *owner), void *owner,
	struct buf *log, struct buf *why) MUST_CHECK;

/* A system user and group of that name, without login or home. */
int user_create(
	const struct host *host, const char *name, struct buf *why) MUST_CHECK;

#endif
