/*
 * package.h - our own Debian package, in the version that this cmdeploy
 * is: made here when a host can use what is built here, otherwise the
 * sources from which the host makes its own.
 */
#ifndef CMDEPLOY_REMOTE_PACKAGE_H
#define CMDEPLOY_REMOTE_PACKAGE_H

#include "cmdeploy/host/host.h"

struct package {
	char *version;
	char *deb;     /* the file, or NULL */
	char *archive; /* of the sources (scripts/source-archive), or NULL */
};

/*
 * For that host. A file that is made for this time only goes into `dir`.
 * Neither file is there when this cmdeploy came in the package itself,
 * and the host has the same.
 */
int package_make(const struct host *host, const char *dir,
	struct package *ret_package, struct buf *why) MUST_CHECK;
void package_release(struct package *package);

#endif
