/*
 * dict.h - Dovecot's dict protocol, the server's side, as pure functions.
 *
 * Lines that end in LF; fields separated by TAB. TAB, LF, CR, NUL and
 * 0x01 inside a field are written as 0x01 and one of t n r 0 1. Source:
 * what Dovecot 2.3.19 and 2.4.1 send and read (their dict clients speak
 * version 3.2 and 4.0), and https://doc.dovecot.org "dict protocol".
 */
#ifndef MAIL_DICT_H
#define MAIL_DICT_H

#include <stdint.h>

#include "lib/buf.h"

enum {
	/* Dovecot's own limit of a line. */
	DICT_LINE_MAX_BYTES = 65536,
	DICT_MAJOR_MIN = 2,
	DICT_MAJOR_MAX = 4,
};

enum dict_verb {
	DICT_HELLO = 'H',
	DICT_LOOKUP = 'L',
	DICT_ITERATE = 'I',
	DICT_BEGIN = 'B',
	DICT_SET = 'S',
	DICT_UNSET = 'U',
	DICT_ADD = 'A',
	DICT_TIMESTAMP = 'T',
	DICT_HIDE = 'V', /* values from a log; since version 4 */
	DICT_ROLLBACK = 'R',
	DICT_COMMIT = 'C',
	DICT_COMMIT_ASYNC = 'D',
};

/* Which members are set depends on the verb; the others are empty or 0. */
struct dict_command {
	enum dict_verb verb;
	uint64_t major, minor; /* hello */
	uint64_t id;           /* of a transaction; unique per connection */
	uint64_t flags;        /* iterate */
	uint64_t max_rows;     /* iterate; 0: all */
	struct slice key;      /* lookup, set, unset, add; iterate: a prefix */
	struct slice value;    /* set, add */
	struct slice user;     /* hello, lookup, iterate, begin; may be empty */
	struct slice name;     /* hello: of the dictionary */
};

/*
 * Reads one line (without its LF). Fields are unescaped; the slices point
 * into `line` or into *scratch, whose contents are replaced. Fields that a
 * later Dovecot may append are ignored. -EINVAL with a reason for anything
 * else than a well-formed command; -EPROTONOSUPPORT for a hello of another
 * major version. The reason never quotes a field: it may be a secret.
 */
int dict_parse(struct slice line, struct buf *scratch,
	struct dict_command *ret_command, struct buf *why) MUST_CHECK;

void dict_add_escaped(struct buf *out, struct slice field);
/* -EINVAL when 0x01 is followed by anything but t n r 0 1. */
int dict_add_unescaped(struct buf *out, struct slice field) MUST_CHECK;

/* Answers to a lookup: found, not found, temporary failure. */
void dict_add_value(struct buf *out, struct slice value);
void dict_add_none(struct buf *out);
void dict_add_fail(struct buf *out, struct slice reason);
/* The answer to an iteration that finds nothing. */
void dict_add_end(struct buf *out);

enum dict_outcome {
	DICT_DONE = 'O',
	DICT_NOT_FOUND = 'N',
	DICT_FAILED = 'F',
};

/* Answer to a commit of transaction `id`; `reason` for DICT_FAILED. */
void dict_add_committed(struct buf *out, uint64_t id, enum dict_outcome outcome,
	struct slice reason);

#endif
