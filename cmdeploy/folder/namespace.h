/*
 * namespace.h - a folder below one that only root may enter.
 *
 * The services run as users of their own, so each folder above the
 * relay's must let them through. Where one does not (a clone in /root),
 * the relay gets a view of its own of the file system, in which that
 * folder is covered by an empty one and the relay's stands at its very
 * path. Nobody else sees that, and it ends with the last process.
 */
#ifndef CMDEPLOY_FOLDER_NAMESPACE_H
#define CMDEPLOY_FOLDER_NAMESPACE_H

#include "lib/buf.h"

/* The first folder above dir that others cannot enter, or NULL; to free. */
char *namespace_barrier(const char *dir);

/* Makes this process see it that way, and its children. */
int namespace_enter(
	const char *dir, const char *barrier, struct buf *why) MUST_CHECK;

/* Whether namespace_enter() would work: tries it in a child. */
int namespace_try(
	const char *dir, const char *barrier, struct buf *why) MUST_CHECK;

#endif
