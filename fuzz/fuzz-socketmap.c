/*
 * Netstrings of socketmaps: what was read says the same when it is written
 * again, and a part of it is never another text.
 */
#include "chatmaild/common/socketmap.h"
#include "fuzz/fuzz.h"

static void cut_off(struct slice whole)
{
	struct slice rest = slice_head(whole, whole.len - 1), found;

	demand(socketmap_next(&rest, &found) == 0);
	demand(rest.len == whole.len - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_make(data, len), before = rest, text, again;

	while (socketmap_next(&rest, &text) > 0) {
		AUTO_BUF struct buf out = BUF_INIT(SOCKETMAP_IN_MAX_BYTES);
		demand(text.len <= SOCKETMAP_MAX_BYTES);
		cut_off(slice_head(before, before.len - rest.len));
		socketmap_add(&out, text);
		struct slice written = buf_slice(&out);
		demand(socketmap_next(&written, &again) == 1);
		demand(written.len == 0 && slice_eq(again, text));
		before = rest;
	}
	return 0;
}
