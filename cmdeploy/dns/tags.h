/*
 * tags.h - the "tag=value; tag=value" lists of DKIM (RFC 6376, 3.2), DMARC
 * and MTA-STS. Pure.
 */
#ifndef CMDEPLOY_DNS_TAGS_H
#define CMDEPLOY_DNS_TAGS_H

#include "lib/slice.h"

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
