/*
 * file.h - whole files and folders.
 *
 * Functions return 0 (or what they say) and a negative errno; a reason
 * that names the path goes to `why` (which may be NULL).
 */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/buf.h"

/*
 * Appends the file's contents to *out, whose ceiling bounds the size:
 * -EFBIG beyond it.
 */
int file_read(const char *path, struct buf *out, struct buf *why) MUST_CHECK;

struct file_owner {
	mode_t mode;
	uid_t uid; /* (uid_t)-1: leave as it is */
	gid_t gid; /* (gid_t)-1: leave as it is */
};

/*
 * Makes `path` hold exactly `data`: writes a temporary file in the same
 * folder, syncs it, renames it over `path` and syncs the folder. A crash
 * leaves the old file or the new one, never a part.
 */
int file_write(const char *path, struct slice data, struct file_owner owner,
	struct buf *why) MUST_CHECK;

/* Writes all of `data` to fd, through short writes and EINTR. */
int fd_write_all(int fd, struct slice data) MUST_CHECK;
/* Appends up to the end of file; -EFBIG past the ceiling of *out. */
int fd_read_all(int fd, struct buf *out) MUST_CHECK;

/* The folder and those above it; an existing folder is success. */
int dir_make(const char *path, mode_t mode, struct buf *why) MUST_CHECK;
/* The same for the folder that the file `path` is or will be in. */
int dir_make_for(const char *path, mode_t mode, struct buf *why) MUST_CHECK;
/*
 * The folder with all that is in it, as far as that is on the same file
 * system and can be removed. Follows no links.
 */
void dir_remove(const char *path);

bool file_exists(const char *path);

/*
 * The file can be read, is a megabyte at most, and has the text in it
 * somewhere.
 */
bool file_has_text(const char *path, const char *text);

#endif
