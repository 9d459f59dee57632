/*
 * Dovecot's list of UIDs: it is refused, or comes back with its messages and
 * a next UID that is higher, and can be raised again.
 */
#include <errno.h>

#include "cmdeploy/moving/uidlist.h"
#include "fuzz/fuzz.h"

static struct slice after_first_line(struct slice text)
{
	struct slice line;

	slice_next_line(&text, &line);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	AUTO_BUF struct buf out = BUF_INIT(len + 64);
	AUTO_BUF struct buf again = BUF_INIT(len + 128);

	if (uidlist_raise(text, &out) < 0)
		return 0;
	demand(out.len > 0 && out.ptr[out.len - 1] == '\n');
	demand(slice_starts(
		after_first_line(text), after_first_line(buf_slice(&out))));
	int r = uidlist_raise(buf_slice(&out), &again);
	demand(r == 0 || r == -ERANGE);
	return 0;
}
