/*
 * project.h - what somebody works on: a chatmail.ini, the folder of
 * sources that it names, and the pages that come of them.
 */
#ifndef CMDEPLOY_WEBDEV_PROJECT_H
#define CMDEPLOY_WEBDEV_PROJECT_H

#include "chatmaild/common/config.h"
#include "cmdeploy/apply/fileset.h"

struct project {
	const char *ini;      /* need not be there */
	struct config config; /* as read last */
	char *dir;            /* of the sources, there or not */
	bool is_ours;         /* no such folder: our own pages */
	struct file_set pages;
	char *trouble; /* why the last building failed, or NULL */
	char *notes;   /* what it has to tell, a line each; "" */
};

/* Reads settings and sources. 1: the pages are others than before. */
int project_build(struct project *project) MUST_CHECK;
void project_release(struct project *project);

/* Only the settings and the folder; for those who do not build. */
int project_open(struct project *project, struct buf *why) MUST_CHECK;

#endif
