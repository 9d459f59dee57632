/*
 * ending.h - what a run on a server says at its end. Pure.
 */
#ifndef CMDEPLOY_RUN_ENDING_H
#define CMDEPLOY_RUN_ENDING_H

#include <stdbool.h>

#include "lib/buf.h"

struct ending {
	const char *domain;
	const char *settings; /* what the operator calls chatmail.ini */
	const char *package;  /* "from 0.1 to 0.2"; "": it is as it was */
	bool is_changed;      /* anything but the package */
	bool is_new;          /* it was no relay before, or not a whole one */
	bool is_without_mail;
};

/* Appends one sentence. */
void ending_add(const struct ending *ending, struct buf *out);

#endif
