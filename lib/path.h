/*
 * path.h - paths as text; the file system is not asked.
 */
#ifndef LIB_PATH_H
#define LIB_PATH_H

#include "lib/slice.h"

enum {
	PATH_MAX_BYTES = 4096, /* the kernel takes no longer ones */
};

/* What stands before the last "/", or "." without one; "/" of "/name". */
struct slice path_folder(const char *path);

/* What stands behind the last "/". */
const char *path_name(const char *path);

/* The path of `name` in the folder that `path` is in; the caller frees it. */
char *path_beside(const char *path, const char *name);

#endif
