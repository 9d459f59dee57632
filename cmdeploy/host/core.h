/*
 * core.h - the Delta Chat core as a program, deltachat-rpc-server: the echo
 * bot and tries with real apps drive it. It comes from npm, in one version
 * whose bytes are known, and is kept in the cache folder of who runs this:
 *
 *	$XDG_CACHE_HOME/cmdeploy/core/<version>/   (~/.cache without it)
 */
#ifndef CMDEPLOY_HOST_CORE_H
#define CMDEPLOY_HOST_CORE_H

#include <stdbool.h>

#include "lib/buf.h"

#define CORE_VERSION "2.62.0"

/*
 * It is in the cache, and is the one: 0 and its path, which the caller frees.
 * -ENOENT: it is not; -ENOTSUP: there is none for this kind of machine.
 */
int core_find(char **ret_path, struct buf *why) MUST_CHECK;
/* The same; when it is not there, npm fetches it. */
int core_fetch(char **ret_path, struct buf *why) MUST_CHECK;
/* It is not there, and neither is npm. */
bool core_needs_npm(void);

#endif
