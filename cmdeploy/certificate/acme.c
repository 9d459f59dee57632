/* What an authority and acmetool say, read from text. */
#include "cmdeploy/certificate/acme.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

enum {
	BASE32_BITS = 5,
	BASE32_MASK = (1 << BASE32_BITS) - 1,
};

void acme_add_key_name(struct buf *out, struct slice digest)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned bits = 0, value = 0;

	for (size_t i = 0; i < digest.len; i++) {
		value = value << 8 | (unsigned char)digest.ptr[i];
		for (bits += 8; bits >= BASE32_BITS; bits -= BASE32_BITS)
			buf_add_char(out,
				letters[value >> (bits - BASE32_BITS) &
					BASE32_MASK]);
		value &= (1u << bits) - 1;
	}
	if (bits > 0)
		buf_add_char(out,
			letters[value << (BASE32_BITS - bits) & BASE32_MASK]);
}

/* A walk through all lists that are called "names:". */
struct names {
	struct slice rest;
	bool is_inside;
	bool is_odd; /* there is one that is not written an item a line */
};

static struct slice unquoted(struct slice s)
{
	if (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') &&
		s.ptr[s.len - 1] == s.ptr[0])
		return slice_head(slice_from(s, 1), s.len - 2);
	return s;
}

static bool next_name(struct names *names, struct slice *ret_name)
{
	static const struct slice item = SLICE("- "), list = SLICE("names:");
	struct slice line;

	while (slice_next_line(&names->rest, &line)) {
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (names->is_inside && slice_starts(line, item)) {
			*ret_name = unquoted(
				slice_trim(slice_from(line, item.len)));
			return true;
		}
		names->is_inside = slice_eq(line, list);
		names->is_odd |= !names->is_inside && slice_starts(line, list);
	}
	return false;
}

static bool has_name(struct slice wish, struct slice name)
{
	struct names names = { .rest = wish };
	struct slice other;

	while (next_name(&names, &other))
		if (slice_eq(other, name))
			return true;
	return false;
}

bool acme_wish_is_within(struct slice wish, struct slice ours)
{
	struct names names = { .rest = wish };
	struct slice name;
	size_t n = 0;

	for (; next_name(&names, &name); n++)
		if (!has_name(ours, name))
			return false;
	return n > 0 && !names.is_odd;
}

int acme_find_terms(
	struct slice text, const char *url, struct buf *out, struct buf *why)
{
	json_t *root = json_loadb(text.ptr, text.len, 0, NULL);
	const json_t *meta = json_object_get(root, "meta");
	const char *terms =
		json_string_value(json_object_get(meta, "termsOfService"));
	bool is_directory = json_object_get(root, "newOrder") != NULL;

	if (is_directory && terms)
		buf_add_str(out, terms);
	json_decref(root);
	if (is_directory)
		return 0;
	return because(why, -EPROTO,
		"%s: this is not an ACME directory; see acme_directory in "
		"chatmail.ini",
		url);
}

void acme_find_detail(const struct buf *log, struct buf *reason)
{
	static const char mark[] = "(detail \"";
	const char *at = strstr(buf_str(log), mark);

	if (!at)
		return;
	buf_reset(reason);
	for (at += strlen(mark); *at && *at != '"' && *at != '\n'; at++) {
		/* Quotes in it are escaped. */
		if (*at == '\\' && at[1])
			at++;
		buf_add_char(reason, *at);
	}
}
