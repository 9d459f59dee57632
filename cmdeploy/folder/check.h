/*
 * check.h - what must be so before a relay is started from a folder,
 * looked at before anything is written.
 */
#ifndef CMDEPLOY_FOLDER_CHECK_H
#define CMDEPLOY_FOLDER_CHECK_H

#include "cmdeploy/folder/folder.h"

/* The system, the folder, the disk, and every port. */
int folder_check(const struct relay *relay, struct buf *why) MUST_CHECK;

#endif
