/* Reads recorded dialogues from their files (dialogue.h). */
#include "tests/dialogue.h"

#include <errno.h>
#include <string.h>

#include "lib/num.h"

enum {
	REPEAT_MAX = 1000000,
};

static int hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = strchr(digits, ascii_lower(c));

	return at && c ? (int)(at - digits) : 0;
}

static char escape(struct slice *s)
{
	const char *names = "rnt0\\";
	const char *values = "\r\n\t\0\\";
	char c = s->ptr[0];

	*s = slice_from(*s, 1);
	if (c == 'x' && s->len >= 2) {
		char byte = (char)(hex(s->ptr[0]) * 16 + hex(s->ptr[1]));
		*s = slice_from(*s, 2);
		return byte;
	}
	const char *at = strchr(names, c);
	return at && c ? values[at - names] : c;
}

static void add_unescaped(struct buf *out, struct slice s)
{
	while (s.len > 0) {
		char c = s.ptr[0];
		s = slice_from(s, 1);
		buf_add_char(out, c == '\\' && s.len > 0 ? escape(&s) : c);
	}
}

int dialogue_add(struct slice who, struct slice text, struct buf *out)
{
	uint64_t n = 1;

	if (who.len > 2 &&
		num_parse_max(slice_from(who, 2), REPEAT_MAX, &n) < 0)
		return -EINVAL;
	if (text.len > 0 && text.ptr[0] == ' ')
		text = slice_from(text, 1);
	for (uint64_t i = 0; i < n; i++)
		add_unescaped(out, text);
	if (ascii_lower(who.ptr[0]) != who.ptr[0])
		buf_add_str(out, "\r\n");
	return 0;
}
