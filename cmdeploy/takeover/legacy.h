/*
 * legacy.h - how one tells what the chatmail software in Python has put on
 * a server from what others have. Pure: names and texts in, verdicts out.
 *
 * What has its name only, or only its text, may be the operator's.
 */
#ifndef CMDEPLOY_TAKEOVER_LEGACY_H
#define CMDEPLOY_TAKEOVER_LEGACY_H

#include "lib/buf.h"

/* Its programs and settings. */
#define LEGACY_FOLDER "/usr/local/lib/chatmaild"

/* NAME.service with that text is its, and not ours. */
bool legacy_owns_unit(struct slice name, struct slice text);
/* And so are this file of /etc/cron.d, and a pin of Dovecot's packages. */
bool legacy_owns_job(struct slice name, struct slice text);
bool legacy_owns_pin(struct slice text);

/*
 * `list` has a line "NAME VERSION" for each installed package of Dovecot's.
 * Appends to *names, separated by blanks, what apt-get is to install in
 * place of those that are not Debian's, and tells how many that are.
 */
int legacy_pick_packages(struct slice list, struct buf *names);

#endif
