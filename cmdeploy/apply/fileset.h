/*
 * fileset.h - files as names and bytes, in memory: what is to stand in a
 * folder, or what was read out of one.
 */
#ifndef CMDEPLOY_APPLY_FILESET_H
#define CMDEPLOY_APPLY_FILESET_H

#include <stdbool.h>

#include "lib/buf.h"

struct file_bytes {
	char *name; /* below the folder: "index.html", "img/logo.svg" */
	char *ptr;  /* followed by a NUL that does not count */
	size_t len;
};

/* Zeroed is empty. */
struct file_set {
	struct file_bytes *v;
	size_t n;
};

/* Adds a copy; a file of that name that is there already is replaced. */
void file_set_add(struct file_set *set, const char *name, struct slice bytes);
/* NULL when there is none. */
const struct file_bytes *file_set_find(
	const struct file_set *set, const char *name);
/* The same names, and the same bytes under each; in any order. */
bool file_set_equals(const struct file_set *a, const struct file_set *b);
struct slice file_bytes_slice(const struct file_bytes *file);
void file_set_release(struct file_set *set);

/*
 * Appends the plain files below `dir`, in order of their names, without
 * their bytes; a symbolic link counts as a file. An absent folder is an
 * empty one.
 */
int file_set_list(
	const char *dir, struct file_set *out, struct buf *why) MUST_CHECK;

#endif
