/*
 * source.h - what the pages are made from: a folder of the operator's, or
 * what this program carries (www/src of the sources).
 */
#ifndef CMDEPLOY_SITE_SOURCE_H
#define CMDEPLOY_SITE_SOURCE_H

#include "cmdeploy/apply/fileset.h"

struct site_source {
	char *dir; /* for messages, too: "/srv/www/src"; NULL: ours */
	struct file_set files;
};

/*
 * The folder that chatmail.ini means, there or not: <www_folder>/src, a
 * relative www_folder being next to the file. The caller frees.
 */
char *site_source_folder(const char *ini_path, const char *www_folder);

/*
 * The same, if it is there. *ret_dir is NULL for our own pages:
 * when www_folder is as it is by default and no such folder is there.
 * -ENOENT when the operator names one that is not.
 */
int site_source_find(const char *ini_path, const char *www_folder,
	char **ret_dir, struct buf *why) MUST_CHECK;

/*
 * Reads all files below `dir` (NULL: ours), but hidden ones and the
 * leavings of editors. A file that holds an unresolved merge is refused.
 */
int site_source_read(const char *dir, struct site_source *ret_source,
	struct buf *why) MUST_CHECK;
void site_source_release(struct site_source *source);

/*
 * A copy of our own pages, as a clone of the sources has one: nothing that
 * an operator has made.
 */
bool site_source_is_ours(const char *dir);

/* The file as messages name it; the caller frees. */
char *site_source_path(const struct site_source *source, const char *name);

#endif
