/*
 * fetch.h - one document from the web.
 */
#ifndef CMDEPLOY_HOST_FETCH_H
#define CMDEPLOY_HOST_FETCH_H

#include "lib/buf.h"

/*
 * Appends what a GET of the URL answers with 200. Redirects are followed
 * within https; the server's certificate is checked. A reason names the URL.
 */
int fetch(const char *url, unsigned timeout_sec, struct buf *out,
	struct buf *why) MUST_CHECK;

#endif
