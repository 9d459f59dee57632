/*
 * temp.h - private folders for the time of one run.
 */
#ifndef CMDEPLOY_HOST_TEMP_H
#define CMDEPLOY_HOST_TEMP_H

#include "lib/buf.h"

/*
 * A new folder in $TMPDIR, or in /tmp where that is not set or too long
 * for the name of a socket in it. The caller frees the path.
 */
int temp_make(char **ret_dir, struct buf *why) MUST_CHECK;

/* Removes it with all that is in it, and frees the path; NULL is fine. */
void temp_remove(char *dir);

#endif
