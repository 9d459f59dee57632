/* buf.c - text that grows up to its ceiling. */
#include "lib/buf.h"

#include <stdio.h>
#include <string.h>

#include "lib/die.h"

enum {
	CAP_FIRST_BYTES = 64,
	QUOTED_MAX_BYTES = 200,
	REASON_MAX_BYTES = 1 << 24, /* before it is cut off */
};

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_release(struct buf *b)
{
	if (!b)
		return;
	free(b->ptr);
	*b = BUF_INIT(b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->is_over = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

void buf_release_secret(struct buf *b)
{
	if (b && b->ptr)
		explicit_bzero(b->ptr, b->cap);
	buf_release(b);
}

bool buf_ok(const struct buf *b)
{
	return !b->is_over;
}

char *buf_room(struct buf *b, size_t len)
{
	if (len > b->max || b->len > b->max - len)
		return NULL;
	size_t need = b->len + len + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : CAP_FIRST_BYTES;
		while (cap < need)
			cap *= 2;
		if (cap > b->max + 1)
			cap = b->max + 1;
		b->ptr = xreallocarray(b->ptr, cap, 1);
		b->cap = cap;
		b->ptr[b->len] = '\0';
	}
	return b->ptr + b->len;
}

void buf_added(struct buf *b, size_t len)
{
	if (b->len + len + 1 > b->cap)
		bug("buf_added() beyond buf_room()");
	b->len += len;
	b->ptr[b->len] = '\0';
}

void buf_add(struct buf *b, const void *ptr, size_t len)
{
	if (b->is_over || len == 0)
		return;
	char *room = buf_room(b, len);
	if (!room) {
		b->is_over = true;
		return;
	}
	memcpy(room, ptr, len);
	buf_added(b, len);
}

void buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.ptr, s.len);
}

void buf_add_str(struct buf *b, const char *str)
{
	buf_add(b, str, strlen(str));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vaddf(struct buf *b, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		bug("unusable format");
	char *room = b->is_over ? NULL : buf_room(b, (size_t)len);
	if (!room) {
		b->is_over = true;
		return;
	}
	vsnprintf(room, (size_t)len + 1, format, args);
	buf_added(b, (size_t)len);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vaddf(b, format, args);
	va_end(args);
}

void buf_add_plain(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_add_char(b, ascii_is_control(s.ptr[i]) ? ' ' : s.ptr[i]);
}

void buf_add_quoted(struct buf *b, struct slice s)
{
	struct slice head = slice_head(s, QUOTED_MAX_BYTES);

	buf_add_char(b, '"');
	for (size_t i = 0; i < head.len; i++) {
		unsigned char c = (unsigned char)head.ptr[i];
		if (c < 0x20 || c >= 0x7f)
			buf_addf(b, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else
			buf_add_char(b, (char)c);
	}
	buf_add_str(b, head.len < s.len ? "\"..." : "\"");
}

void buf_consume(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
	} else {
		memmove(b->ptr, b->ptr + len, b->len - len);
		b->len -= len;
	}
	if (b->ptr)
		b->ptr[b->len] = '\0';
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->ptr[len] = '\0';
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ buf_str(b), b->len };
}

const char *buf_str(const struct buf *b)
{
	return b->ptr ? b->ptr : "";
}

char *buf_take(struct buf *b)
{
	char *str = b->ptr ? b->ptr : xstrdup("");

	*b = BUF_INIT(b->max);
	return str;
}

int because(struct buf *why, int error, const char *format, ...)
{
	const struct slice cut_off = SLICE("...");
	AUTO_BUF struct buf text = BUF_INIT(REASON_MAX_BYTES);
	va_list args;

	if (!why)
		return error;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	buf_reset(why);
	if (text.len <= why->max) {
		buf_add_slice(why, buf_slice(&text));
	} else if (why->max > cut_off.len) {
		buf_add_slice(why,
			slice_head(buf_slice(&text), why->max - cut_off.len));
		buf_add_slice(why, cut_off);
	}
	return error;
}
