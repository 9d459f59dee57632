/* A file of the queue: what is read from it was in it, and is whole. */
#include "chatmaild/metadata/queue.h"
#include "fuzz/fuzz.h"

static bool is_inside(struct slice part, struct slice text)
{
	return part.ptr >= text.ptr &&
		part.ptr + part.len <= text.ptr + text.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	struct notification n;

	if (notification_parse(text, &n) < 0)
		return 0;
	demand(is_inside(n.address, text));
	demand(is_inside(n.token, text));
	demand(n.address.len > 0 && n.token.len > 0);
	demand(!memchr(n.address.ptr, '\n', n.address.len));
	demand(!memchr(n.token.ptr, '\n', n.token.len));
	demand(n.began >= 0);
	return 0;
}
