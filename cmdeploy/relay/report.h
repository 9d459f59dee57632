/*
 * report.h - what a command has done so far, for the person at the terminal.
 */
#ifndef CMDEPLOY_RELAY_REPORT_H
#define CMDEPLOY_RELAY_REPORT_H

#include <stdbool.h>

#include "lib/buf.h"

/* The command owns it; buf_release() its text. */
struct report {
	bool is_verbose;     /* every file is to be named */
	bool has_told_notes; /* of what the pages lack */
	size_t n_changed;    /* packages, users, folders, files */
	struct buf told;     /* "restarted doveauth; reloaded nginx" */
};

#define REPORT_INIT                                                            \
	{                                                                      \
		.told = BUF_INIT(BUF_WHY_MAX_BYTES)                            \
	}

#endif
