/*
 * webdev.h - the pages as they will be, in a browser on this machine,
 * while somebody works on them.
 */
#ifndef CMDEPLOY_WEBDEV_WEBDEV_H
#define CMDEPLOY_WEBDEV_WEBDEV_H

#include <stdbool.h>

#include "lib/buf.h"

enum {
	WEBDEV_PORT = 8080,
};

struct webdev_options {
	const char *ini;    /* need not be there: then for chat.example.org */
	unsigned port;      /* 0: one that is free */
	bool is_port_usual; /* nobody named it: another one will do */
	bool has_browser;
};

/* Until SIGINT or SIGTERM. */
int webdev_run(
	const struct webdev_options *options, struct buf *why) MUST_CHECK;

/*
 * Writes our pages to where the settings say that the operator's are.
 * -EEXIST when that folder is there already; *ret_dir is the folder.
 */
int webdev_copy(const char *ini, char **ret_dir, struct buf *why) MUST_CHECK;

#endif
