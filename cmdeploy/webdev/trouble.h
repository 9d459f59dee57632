/*
 * trouble.h - why the pages cannot be built, as a page: the reason, and
 * the lines of the source around the one that it names.
 */
#ifndef CMDEPLOY_WEBDEV_TROUBLE_H
#define CMDEPLOY_WEBDEV_TROUBLE_H

#include "lib/buf.h"

/* `why` is "PATH: line N: what", or says something else. */
void trouble_page(const char *why, struct buf *out);

#endif
