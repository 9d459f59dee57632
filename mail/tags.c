/* Reads lists of tags, as in a DKIM signature (tags.h). */
#include "mail/tags.h"

#include "lib/util.h"

bool tags_next_part(struct slice *rest, char separator, struct slice *ret_part)
{
	if (rest->len == 0)
		return false;
	if (!slice_cut(*rest, separator, ret_part, rest)) {
		*ret_part = *rest;
		*rest = SLICE_NONE;
	}
	return true;
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.ptr[i]) && !ascii_is_digit(s.ptr[i]) &&
			s.ptr[i] != '_')
			return false;
	return s.len > 0 && ascii_is_alpha(s.ptr[0]);
}

static bool has_name(struct slice list, struct slice name)
{
	struct slice part, tag, value;

	while (tags_next_part(&list, ';', &part))
		if (slice_cut(part, '=', &tag, &value) &&
			slice_eq(slice_trim(tag), name))
			return true;
	return false;
}

bool tags_are_sound(struct slice list)
{
	struct slice part, tag, value;

	for (size_t n = 0; tags_next_part(&list, ';', &part); n++) {
		/* The last one may end in ";". */
		if (list.len == 0 && slice_trim(part).len == 0)
			return true;
		if (n >= TAGS_MAX || !slice_cut(part, '=', &tag, &value) ||
			!is_name(slice_trim(tag)) ||
			has_name(list, slice_trim(tag)))
			return false;
	}
	return true;
}

bool tags_get(struct slice list, const char *name, struct slice *ret_value)
{
	struct slice part, tag, value;

	while (tags_next_part(&list, ';', &part)) {
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

	while (tags_next_part(&value, ':', &part))
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

	while (tags_next_part(&wanted, ';', &part)) {
		if (!slice_cut(part, '=', &tag, &value))
			continue;
		AUTO_FREE char *name = slice_dup(slice_trim(tag));
		if (!tags_get(list, name, &found) ||
			!slice_eq_nocase(found, slice_trim(value)))
			return false;
	}
	return true;
}
