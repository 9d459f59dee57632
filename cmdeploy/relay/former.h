/*
 * former.h - how one tells what the chatmail software in Python has put on
 * a server from what others have. Pure: names and texts in, verdicts out.
 */
#ifndef CMDEPLOY_RELAY_FORMER_H
#define CMDEPLOY_RELAY_FORMER_H

#include "lib/buf.h"

/* Its programs and settings. */
#define FORMER_FOLDER "/usr/local/lib/chatmaild"

/*
 * `list` has a line "NAME VERSION" for each installed package of Dovecot's.
 * Appends to *names, separated by blanks, what apt-get is to install in
 * place of those that are not Debian's, and tells how many that are.
 */
int former_pick_packages(struct slice list, struct buf *names);

#endif
