/* Markdown to HTML, by md4c. */
#include "cmdeploy/site/markdown.h"

#include <errno.h>
#include <limits.h>
#include <md4c-html.h>
#include <string.h>

static void append(const MD_CHAR *text, MD_SIZE len, void *out)
{
	buf_add(out, text, len);
}

int markdown_render(struct slice text, struct buf *out)
{
	if (text.len > UINT_MAX)
		return -EFBIG;
	int r = md_html(text.ptr, (MD_SIZE)text.len, append, out,
		MD_DIALECT_GITHUB & ~MD_FLAG_TASKLISTS, 0);

	return r != 0 || !buf_ok(out) ? -EFBIG : 0;
}

static struct slice after(struct slice text, const char *what)
{
	const char *at = memmem(text.ptr, text.len, what, strlen(what));

	return at ? slice_from(text, (size_t)(at - text.ptr) + strlen(what))
		  : SLICE_NONE;
}

bool markdown_title(struct slice html, struct buf *out)
{
	struct slice inside = after(after(html, "<h1"), ">");
	const char *end = memmem(inside.ptr, inside.len, "</h1>", 5);
	bool is_tag = false;

	if (!end)
		return false;
	inside = slice_trim(slice_head(inside, (size_t)(end - inside.ptr)));
	for (size_t i = 0; i < inside.len; i++) {
		char c = inside.ptr[i];
		if (c == '<' || c == '>')
			is_tag = c == '<';
		else if (!is_tag)
			buf_add_char(out, c);
	}
	return inside.len > 0;
}
