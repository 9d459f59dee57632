/*
 * project.h - what somebody works on: a chatmail.ini, the folder of
 * sources that it names, and the pages that are built from them.
 */
#ifndef CMDEPLOY_WEBDEV_PROJECT_H
#define CMDEPLOY_WEBDEV_PROJECT_H

#include "chatmaild/common/config.h"
#include "cmdeploy/apply/fileset.h"

/* Zeroed, but for `ini`, before the first call. */
struct project {
	const char *ini;      /* need not be there: then chat.example.org */
	struct config config; /* as read last */
	char *dir;            /* of the sources, there or not */
	bool is_ours;         /* no such folder: our own pages */
	struct file_set pages;
	char *error; /* why they could not be built last, or NULL */
	char *notes; /* for a person, a line each; NULL before the first */
	/* Name, size and time of each source: as seen, and as built, last. */
	char *seen, *built;
};

/* Only the settings and the folder; for those who do not build. */
int project_open(struct project *project, struct buf *why) MUST_CHECK;
/*
 * The sources are others than when they were built. Not while they still
 * change: an editor does several things to save one file. So this is to be
 * asked again and again.
 */
bool project_has_changed(struct project *project) MUST_CHECK;
/*
 * Reads settings and sources, and builds. true: the pages, or the error,
 * are others than before. While there is an error the pages stay.
 */
bool project_build(struct project *project) MUST_CHECK;
void project_release(struct project *project);

/*
 * A page that tells the error: "PATH: line N: what" with the lines of the
 * source around it, or something else.
 */
void project_add_error_page(const char *error, struct buf *out);

#endif
