#include "cmdeploy/webdev/request.h"

#include <errno.h>
#include <string.h>

static int hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool request_add_path(struct slice target, struct buf *out)
{
	struct slice query;

	slice_cut(target, '?', &target, &query);
	for (size_t i = 0; i < target.len; i++) {
		char c = target.ptr[i];
		if (c == '%' && i + 2 < target.len) {
			int high = hex_value(target.ptr[i + 1]);
			int low = hex_value(target.ptr[i + 2]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return false;
		buf_add_char(out, c);
	}
	return buf_ok(out) && out->len > 0 && out->ptr[0] == '/';
}

int request_parse(struct slice in, struct request *ret_request)
{
	static const char end[] = "\r\n\r\n";
	const char *at = memmem(in.ptr, in.len, end, strlen(end));
	struct request request = { 0 };
	struct slice head, line;

	if (!at)
		return 0;
	request.len = (size_t)(at - in.ptr) + strlen(end);
	head = slice_head(in, request.len);
	slice_next_line(&head, &line);
	if (!slice_next_word(&line, &request.method) ||
		!slice_next_word(&line, &request.target))
		return -EBADMSG;
	*ret_request = request;
	return 1;
}
