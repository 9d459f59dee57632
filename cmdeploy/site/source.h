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
 * relative www_folder being next to the file; "www" when none is named. The
 * caller frees.
 */
char *site_source_folder(const char *ini_path, const char *www_folder);

/*
 * The operator's own: the same, if www_folder names it. *ret_dir is NULL for
 * our pages: when it names none, or "www", which is not there. -ENOENT when
 * it names another one that is not.
 */
int site_source_find(const char *ini_path, const char *www_folder,
	char **ret_dir, struct buf *why) MUST_CHECK;

/*
 * Appends a line when pages of the operator's own lie where one would think,
 * in "www", and www_folder does not name them. A clone of our sources has a
 * folder of that name: what is the same as ours is not worth a word.
 */
void site_source_note(
	const char *ini_path, const char *www_folder, struct buf *notes);

/*
 * Reads all files below `dir` (NULL: ours), but hidden ones and the
 * leavings of editors. A file that holds an unresolved merge is refused.
 */
int site_source_read(const char *dir, struct site_source *ret_source,
	struct buf *why) MUST_CHECK;
void site_source_release(struct site_source *source);

/* The file as messages name it; the caller frees. */
char *site_source_path(const struct site_source *source, const char *name);

#endif
