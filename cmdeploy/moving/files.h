/*
 * files.h - what makes a relay, beside its mailboxes: settings, pages, keys,
 * certificates. They are copied into a folder and back, below the same paths.
 */
#ifndef CMDEPLOY_MOVING_FILES_H
#define CMDEPLOY_MOVING_FILES_H

#include "cmdeploy/relay/relay.h"

/* Copies all of them into the new folder `to`. */
int files_gather(
	const struct relay *relay, const char *to, struct buf *why) MUST_CHECK;

/*
 * Copies what files_gather() has made to where it belongs, below `root` ("/"
 * of a server). The settings `ini_path` and the pages beside them stay as they
 * are when these settings are there already.
 */
int files_put(const char *from, const char *root, const char *ini_path,
	struct buf *why) MUST_CHECK;

#endif
