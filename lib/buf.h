/*
 * buf.h - text being built, or bytes on their way: a growing byte array
 * with a ceiling from birth.
 *
 * Appending never fails in line. What would pass the ceiling is not
 * added, and buf_ok() is false from then on until buf_reset(); so a
 * caller writes a whole text and asks once. The contents are always
 * followed by a NUL that does not count.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/slice.h"
#include "lib/util.h"

struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max;
	bool is_over;
};

enum {
	/* Enough for any reason given to a person. */
	BUF_WHY_MAX_BYTES = 4096,
};

/* Owns nothing until the first append. */
#define BUF_INIT(max_bytes) ((struct buf){ .max = (max_bytes) })
#define AUTO_BUF            __attribute__((cleanup(buf_release)))

void buf_init(struct buf *b, size_t max);
/* Frees; accepts a zeroed object; the object may be used again. */
void buf_release(struct buf *b);
/* Empties and clears the over-full mark; keeps the memory for reuse. */
void buf_reset(struct buf *b);
/* Like buf_release, after wiping what was there. */
void buf_release_secret(struct buf *b);

/* Everything that was appended since the last reset is there. */
bool buf_ok(const struct buf *b);

void buf_add(struct buf *b, const void *ptr, size_t len);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *str);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *b, const char *format, va_list args)
	PRINTF_LIKE(2, 0);
/* A line of text, with blanks in place of control characters. */
void buf_add_plain(struct buf *b, struct slice s);
/* Foreign bytes for a log or a person: in quotes, escaped, cut at 200. */
void buf_add_quoted(struct buf *b, struct slice s);

/*
 * Room for at least `len` more bytes at b->ptr + b->len, to be filled by
 * read(2) and then counted by buf_added(). NULL when the ceiling forbids.
 */
char *buf_room(struct buf *b, size_t len);
void buf_added(struct buf *b, size_t len);

/* Drops the first `len` bytes (at most all), or all after the first len. */
void buf_consume(struct buf *b, size_t len);
void buf_truncate(struct buf *b, size_t len);

struct slice buf_slice(const struct buf *b);
/* The contents as a C string; "" for an empty buffer. */
const char *buf_str(const struct buf *b);
/* Hands the memory over as a C string that the caller frees. */
char *buf_take(struct buf *b);

/*
 * Sets a reason for a person (STYLE.md 17): replaces what `why` held.
 * What is too long for it is cut off. A NULL `why` is allowed. Returns `error`,
 * so that one writes
 * `return because(why, -EINVAL, "line %d: not a number", line);`.
 */
int because(struct buf *why, int error, const char *format, ...)
	PRINTF_LIKE(3, 4);

#endif
