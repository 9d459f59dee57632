/*
 * tags.h - the "tag=value; tag=value" lists of DKIM (RFC 6376, 3.2), DMARC
 * and MTA-STS. All results are slices of the input.
 */
#ifndef MAIL_TAGS_H
#define MAIL_TAGS_H

#include "lib/slice.h"

/* Takes the next of the parts between `separator` out of *rest, untrimmed. */
bool tags_next_part(struct slice *rest, char separator, struct slice *ret_part);

enum {
	TAGS_MAX = 64, /* in a list that is sound */
};

/* Each part has a name and a "="; no name is there twice. */
bool tags_are_sound(struct slice list);

/* The trimmed value of a tag; false when the list has none of that name. */
bool tags_get(struct slice list, const char *name, struct slice *ret_value);
/* The value, or `fallback`. */
struct slice tags_value(
	struct slice list, const char *name, const char *fallback);

/* `item` is one of the parts of a value that stand between ":". */
bool tags_has_item(struct slice value, const char *item);

/* Equal but for blanks within. */
bool tags_eq_folded(struct slice a, struct slice b);

/* Every tag of `wanted` is in `list`, with the same value but for case. */
bool tags_include(struct slice list, struct slice wanted);

#endif
