/*
 * packages.h - Debian packages and system users of this machine.
 */
#ifndef CMDEPLOY_HOST_PACKAGES_H
#define CMDEPLOY_HOST_PACKAGES_H

#include <stddef.h>

#include "lib/proc.h"

/*
 * Appends to *missing (separated by blanks) those of the n packages that
 * are not installed, and tells how many. "libcurl4|libcurl4t64" is there when
 * one of them is; if not, the first is missing, and apt-get knows which
 * package provides it.
 */
int packages_missing(const char *const *names, size_t n, struct buf *missing,
	struct buf *why) MUST_CHECK;

/*
 * Appends the version of a package: of the installed one, or else of the one
 * that apt-get would install. False when neither is known.
 */
bool packages_version(const char *name, struct buf *out);
/* By the order that dpkg has for versions. */
bool packages_is_since(const char *version, const char *since);

/* Appends a line for each installed package; fields as dpkg-query has them. */
int packages_list(
	const char *fields, struct buf *out, struct buf *why) MUST_CHECK;

/* Appends a line "NAME VERSION" for each installed package of a source. */
int packages_of_source(
	const char *source, struct buf *out, struct buf *why) MUST_CHECK;

/*
 * Installs the packages in `names` (separated by blanks; "NAME=VERSION"
 * may be an older one than is there) without a question. Services that they
 * bring are neither started nor enabled, those that were there before stay as
 * they are. `listen` says where the words of apt-get go (out, on_line) and when
 * it is no longer wanted (is_unwanted): it then ends while it downloads, but
 * never amid dpkg.
 */
int packages_install(const char *names, const struct proc *listen,
	struct buf *why) MUST_CHECK;

/* Removes what an installation that was cut short has left around. */
void packages_clean_up(void);

/*
 * The same on a machine whose services they are to be: none is started
 * now, and what the packages enable is left so.
 */
int packages_add(const char *names, const struct proc *listen,
	struct buf *why) MUST_CHECK;

/*
 * A system user and group of that name, without login. The home is not
 * made; NULL: there is none.
 */
int user_create(const char *name, const char *home, struct buf *why) MUST_CHECK;

#endif
