/*
 * ini.h - INI text, one `[section]` after another, `key = value` or
 * `key: value`, comments on lines that begin with "#" or ";". A value may
 * go on in the lines that follow when these are indented; comments and
 * empty lines between them do not end it. This is what Python's
 * configparser reads, without interpolation.
 */
#ifndef LIB_INI_H
#define LIB_INI_H

#include "lib/buf.h"

struct ini_entry {
	struct slice section;
	struct slice key;
	struct slice value; /* joined lines, each trimmed, between them LF */
	int line;           /* of the key, from 1 */
};

/*
 * Called for every entry in order of the file; the slices are valid
 * during the call. A negative return ends the reading and is handed on.
 */
typedef int (*ini_entry_fn)(
	const struct ini_entry *entry, void *owner, struct buf *why);

/* 0, what the callback returned, or -EINVAL with "line N: ..." in why. */
int ini_parse(struct slice text, ini_entry_fn fn, void *owner,
	struct buf *why) MUST_CHECK;

#endif
