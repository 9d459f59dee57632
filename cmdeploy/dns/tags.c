#include "cmdeploy/dns/tags.h"

#include "lib/util.h"

static bool next_part(struct slice *rest, char separator, struct slice *ret)
{
	if (rest->len == 0)
		return false;
	if (!slice_cut(*rest, separator, ret, rest)) {
		*ret = *rest;
		*rest = SLICE_NONE;
	}
	return true;
}

bool tags_get(struct slice list, const char *name, struct slice *ret_value)
{
	struct slice part, tag, value;

	while (next_part(&list, ';', &part)) {
		if (!slice_cut(part, '=', &tag, &value) ||
			!slice_eq_str(slice_trim(tag), name))
			continue;
		*ret_value = slice_trim(value);
		return true;
	}
	return false;
}

struct slice tags_value(
	struct slice list, const char *name, const char *fallback)
{
	struct slice value;

	return tags_get(list, name, &value) ? value : slice_of(fallback);
}

bool tags_has_item(struct slice value, const char *item)
{
	struct slice part;

	while (next_part(&value, ':', &part))
		if (slice_eq_str(slice_trim(part), item))
			return true;
	return false;
}

bool tags_eq_folded(struct slice a, struct slice b)
{
	return slice_eq_without(a, b, ascii_is_space);
}

bool tags_include(struct slice list, struct slice wanted)
{
	struct slice part, tag, value, found;

	while (next_part(&wanted, ';', &part)) {
		if (!slice_cut(part, '=', &tag, &value))
			continue;
		AUTO_FREE char *name = slice_dup(slice_trim(tag));
		if (!tags_get(list, name, &found) ||
			!slice_eq_nocase(found, slice_trim(value)))
			return false;
	}
	return true;
}
