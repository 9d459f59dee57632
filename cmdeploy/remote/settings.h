/*
 * settings.h - the operator's settings and pages, read and made ready to
 * be shipped.
 */
#ifndef CMDEPLOY_REMOTE_SETTINGS_H
#define CMDEPLOY_REMOTE_SETTINGS_H

#include "chatmaild/common/config.h"

struct remote_settings {
	struct config config;
	char *dir;      /* private, for files that are made to be shipped */
	char *www_path; /* the operator's own pages, or NULL */
};

int remote_settings_open(const char *ini_path,
	struct remote_settings *ret_settings, struct buf *why) MUST_CHECK;
/* Removes `dir`, too. */
void remote_settings_close(struct remote_settings *settings);

#endif
