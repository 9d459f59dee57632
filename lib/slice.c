/* slice.c - looking at text that somebody else owns. */
#include "lib/slice.h"

#include <string.h>

#include "lib/util.h"

struct slice slice_of(const char *str)
{
	return (struct slice){ str, strlen(str) };
}

struct slice slice_make(const void *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool slice_eq_str(struct slice a, const char *b)
{
	return slice_eq(a, slice_of(b));
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && slice_starts_nocase(a, b);
}

bool slice_eq_str_nocase(struct slice a, const char *b)
{
	return slice_eq_nocase(a, slice_of(b));
}

static struct slice skip(struct slice s, bool (*is_ignored)(char))
{
	while (s.len > 0 && is_ignored(s.ptr[0]))
		s = slice_from(s, 1);
	return s;
}

bool slice_eq_without(struct slice a, struct slice b, bool (*is_ignored)(char))
{
	for (;;) {
		a = skip(a, is_ignored);
		b = skip(b, is_ignored);
		if (a.len == 0 || b.len == 0)
			return a.len == b.len;
		if (a.ptr[0] != b.ptr[0])
			return false;
		a = slice_from(a, 1);
		b = slice_from(b, 1);
	}
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
		memcmp(s.ptr, prefix.ptr, prefix.len) == 0;
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	if (s.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++)
		if (ascii_lower(s.ptr[i]) != ascii_lower(prefix.ptr[i]))
			return false;
	return true;
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
		slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

bool slice_has_char(struct slice s, char c)
{
	return s.len > 0 && memchr(s.ptr, c, s.len);
}

struct slice slice_from(struct slice s, size_t from)
{
	if (from > s.len)
		from = s.len;
	return (struct slice){ s.ptr + from, s.len - from };
}

struct slice slice_head(struct slice s, size_t n)
{
	return (struct slice){ s.ptr, n < s.len ? n : s.len };
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && ascii_is_space(s.ptr[0]))
		s = slice_from(s, 1);
	while (s.len > 0 && ascii_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static bool cut_at(struct slice s, const char *at, struct slice *ret_before,
	struct slice *ret_after)
{
	if (!at)
		return false;
	size_t pos = (size_t)(at - s.ptr);
	*ret_before = slice_head(s, pos);
	*ret_after = slice_from(s, pos + 1);
	return true;
}

bool slice_cut(struct slice s, char c, struct slice *ret_before,
	struct slice *ret_after)
{
	return cut_at(s, s.len ? memchr(s.ptr, c, s.len) : NULL, ret_before,
		ret_after);
}

bool slice_cut_last(struct slice s, char c, struct slice *ret_before,
	struct slice *ret_after)
{
	return cut_at(s, s.len ? memrchr(s.ptr, c, s.len) : NULL, ret_before,
		ret_after);
}

bool slice_next_word(struct slice *rest, struct slice *ret_word)
{
	while (rest->len > 0 && ascii_is_space(rest->ptr[0]))
		*rest = slice_from(*rest, 1);
	size_t n = 0;
	while (n < rest->len && !ascii_is_space(rest->ptr[n]))
		n++;
	if (n == 0)
		return false;
	*ret_word = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	return true;
}

bool slice_has_word(struct slice text, const char *word)
{
	struct slice next;

	while (slice_next_word(&text, &next))
		if (slice_eq_str(next, word))
			return true;
	return false;
}

bool slice_next_line(struct slice *rest, struct slice *ret_line)
{
	if (rest->len == 0)
		return false;
	if (!slice_cut(*rest, '\n', ret_line, rest)) {
		*ret_line = *rest;
		*rest = slice_from(*rest, rest->len);
	}
	return true;
}

struct slice slice_last_line(struct slice s)
{
	struct slice before, after;

	s = slice_trim(s);
	return slice_cut_last(s, '\n', &before, &after) ? slice_trim(after) : s;
}

char *slice_dup(struct slice s)
{
	return xstrndup(s.ptr, s.len);
}
