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

/* A line of INI text, for who changes what it says of one key. */
enum ini_line {
	INI_LINE_OTHER,
	INI_LINE_COMMENT, /* would set the key if it were no comment */
	INI_LINE_VALUE,   /* sets the key, or goes on with its value */
};

struct ini_lines {
	const char *key;
	bool has_entry; /* one whose value may go on; false at first */
	bool is_inside; /* that is the key's; false at first */
};

/* Of each line of the text in turn. */
enum ini_line ini_line_of(struct ini_lines *lines, struct slice line);

#endif
