/*
 * diff.h - the unified diff of two texts, as diff -u prints it.
 */
#ifndef CMDEPLOY_APPLY_DIFF_H
#define CMDEPLOY_APPLY_DIFF_H

#include "lib/buf.h"

/*
 * Appends to *out the headers "--- old_name", "+++ new_name" and the
 * hunks with three lines of context; nothing when the texts are equal.
 * The changed part in the middle is compared line by line when it is not
 * too large, else replaced as a whole.
 */
void diff_unified(const char *old_name, struct slice old_text,
	const char *new_name, struct slice new_text, struct buf *out);

#endif
