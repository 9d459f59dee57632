/* ini.c - INI text, line by line, to entries. */
#include "lib/ini.h"

#include <errno.h>

enum {
	VALUE_MAX_BYTES = 65536,
};

struct ini_reader {
	ini_entry_fn fn;
	void *owner;
	struct buf *why;
	struct slice section;
	struct slice key;
	struct buf value;
	int key_line;
	bool has_key;
};

static int finish_entry(struct ini_reader *r)
{
	struct ini_entry entry = {
		.section = r->section,
		.key = r->key,
		.value = slice_trim(buf_slice(&r->value)),
		.line = r->key_line,
	};

	if (!r->has_key)
		return 0;
	r->has_key = false;
	if (!buf_ok(&r->value))
		return because(r->why, -EINVAL,
			"line %d: %.*s: longer than %d bytes", r->key_line,
			SLICE_FMT(r->key), VALUE_MAX_BYTES);
	return r->fn(&entry, r->owner, r->why);
}

static int start_section(struct ini_reader *r, struct slice line, int number)
{
	int error = finish_entry(r);

	if (error < 0)
		return error;
	if (line.len < 3 || line.ptr[line.len - 1] != ']')
		return because(r->why, -EINVAL,
			"line %d: a section is written [name]", number);
	r->section = slice_head(slice_from(line, 1), line.len - 2);
	return 0;
}

/* The first of "=" and ":" ends the key. */
static bool cut_key(
	struct slice line, struct slice *ret_key, struct slice *ret_value)
{
	struct slice key, value;

	if (slice_cut(line, '=', &key, &value) && !slice_has_char(key, ':')) {
		*ret_key = slice_trim(key);
		*ret_value = slice_trim(value);
		return true;
	}
	if (!slice_cut(line, ':', &key, &value))
		return false;
	*ret_key = slice_trim(key);
	*ret_value = slice_trim(value);
	return true;
}

static int start_entry(struct ini_reader *r, struct slice line, int number)
{
	struct slice key, value;
	int error = finish_entry(r);

	if (error < 0)
		return error;
	if (r->section.len == 0)
		return because(r->why, -EINVAL,
			"line %d: stands before the first [section]", number);
	if (!cut_key(line, &key, &value) || key.len == 0)
		return because(r->why, -EINVAL,
			"line %d: neither a [section] nor \"key = value\"",
			number);
	r->key = key;
	r->key_line = number;
	r->has_key = true;
	buf_reset(&r->value);
	buf_add_slice(&r->value, value);
	return 0;
}

static int read_line(struct ini_reader *r, struct slice raw, int number)
{
	struct slice line = slice_trim(raw);

	if (slice_has_char(raw, '\0'))
		return because(
			r->why, -EINVAL, "line %d: holds a NUL byte", number);
	if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
		return 0;
	if (ascii_is_space(raw.ptr[0]) && r->has_key) {
		buf_add_char(&r->value, '\n');
		buf_add_slice(&r->value, line);
		return 0;
	}
	if (line.ptr[0] == '[')
		return start_section(r, line, number);
	return start_entry(r, line, number);
}

int ini_parse(struct slice text, ini_entry_fn fn, void *owner, struct buf *why)
{
	struct ini_reader r = {
		.fn = fn,
		.owner = owner,
		.why = why,
		.value = BUF_INIT(VALUE_MAX_BYTES),
	};
	struct slice line;
	int error = 0;

	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	for (int n = 1; error >= 0 && slice_next_line(&text, &line); n++)
		error = read_line(&r, line, n);
	if (error >= 0)
		error = finish_entry(&r);
	buf_release(&r.value);
	return error;
}

enum ini_line ini_line_of(struct ini_lines *lines, struct slice raw)
{
	const struct slice key = slice_of(lines->key);
	struct slice line = slice_trim(raw);
	bool is_comment =
		line.len > 0 && slice_has_char(SLICE("#;"), line.ptr[0]);

	if (line.len == 0)
		return INI_LINE_OTHER;
	if (!is_comment && lines->has_entry && ascii_is_space(raw.ptr[0]))
		return lines->is_inside ? INI_LINE_VALUE : INI_LINE_OTHER;
	while (is_comment && line.len > 0 &&
		slice_has_char(SLICE("#; \t"), line.ptr[0]))
		line = slice_from(line, 1);
	struct slice rest = slice_trim(slice_from(line, key.len));
	bool is_key = slice_starts(line, key) && rest.len > 0 &&
		slice_has_char(SLICE("=:"), rest.ptr[0]);
	if (!is_comment) {
		lines->has_entry = line.ptr[0] != '[';
		lines->is_inside = is_key;
	}
	if (!is_key)
		return INI_LINE_OTHER;
	return is_comment ? INI_LINE_COMMENT : INI_LINE_VALUE;
}
