/* json.c - text as a JSON string. */
#include "lib/json.h"

void json_add_string(struct buf *out, struct slice text)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (ascii_is_control(c))
			buf_addf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else
			buf_add_char(out, c);
	}
	buf_add_char(out, '"');
}

void json_add_member(struct buf *out, const char *name, struct slice text)
{
	if (out->len > 0 && out->ptr[out->len - 1] != '{')
		buf_add_char(out, ',');
	json_add_string(out, slice_of(name));
	buf_add_char(out, ':');
	json_add_string(out, text);
}
