/*
 * dir.h - reading folders below one root, by descriptor.
 *
 * A folder is opened relative to the one that holds it, by one name,
 * never through a symbolic link and never on another filesystem: so no
 * walk can leave the tree that it began in, whatever is renamed or
 * replaced meanwhile.
 */
#ifndef CHATMAILD_EXPIRE_DIR_H
#define CHATMAILD_EXPIRE_DIR_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/util.h"

struct dir {
	int fd;
	dev_t dev;
	ino_t ino;
	int64_t mtime; /* seconds, when it was opened */
	char *buf;
	size_t at, len;
};

#define DIR_NONE ((struct dir){ .fd = -1 })
#define AUTO_DIR __attribute__((cleanup(dir_close)))

struct dir_entry {
	const char *name;   /* until the next call */
	unsigned char type; /* DT_REG, ...; never DT_UNKNOWN */
	ino_t ino;
};

/* The root of a walk: a path that the operator gave. */
int dir_open_root(const char *path, struct dir *ret_dir) MUST_CHECK;
/*
 * -ENOENT when it is gone; -ENOTDIR or -ELOOP for what is not a folder;
 * -EXDEV for what is mounted there.
 */
int dir_open(const struct dir *parent, const char *name,
	struct dir *ret_dir) MUST_CHECK;
/* Accepts DIR_NONE. */
void dir_close(struct dir *dir);

/* 1: *ret_entry is the next ("." and ".." are skipped); 0: the end. */
int dir_next(struct dir *dir, struct dir_entry *ret_entry) MUST_CHECK;

struct dir_file {
	int64_t mtime; /* seconds */
	int64_t mtime_ns;
	int64_t changed; /* seconds */
	uint64_t size;
	ino_t ino;
	mode_t mode;
};

/* What `name` is; a symbolic link is itself. */
int dir_stat(const struct dir *dir, const char *name,
	struct dir_file *ret_file) MUST_CHECK;

#endif
