/*
 * json.h - writing JSON (RFC 8259) by hand, where an answer has a few
 * members and no library is worth its memory.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include "lib/buf.h"

/* A string with its quotes; `text` is UTF-8. */
void json_add_string(struct buf *out, struct slice text);

/*
 * One member of an object, with a comma before it unless *out ends in "{".
 */
void json_add_member(struct buf *out, const char *name, struct slice text);

#endif
