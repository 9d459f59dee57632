/* socketmap.c - netstrings, read and written (socketmap.h). */
#include "chatmaild/common/socketmap.h"

#include <errno.h>

#include "lib/num.h"

enum {
	LENGTH_MAX_BYTES = 5, /* in digits */
};

int socketmap_next(struct slice *rest, struct slice *ret_text)
{
	struct slice length, behind;
	uint64_t n;

	if (!slice_cut(*rest, ':', &length, &behind))
		return rest->len > LENGTH_MAX_BYTES ? -EBADMSG : 0;
	if (num_parse_max(length, SOCKETMAP_MAX_BYTES, &n) < 0)
		return -EBADMSG;
	if (behind.len < n + 1)
		return 0;
	if (behind.ptr[n] != ',')
		return -EBADMSG;
	*ret_text = slice_head(behind, n);
	*rest = slice_from(behind, n + 1);
	return 1;
}

void socketmap_add(struct buf *out, struct slice text)
{
	buf_addf(out, "%zu:", text.len);
	buf_add_slice(out, text);
	buf_add_char(out, ',');
}
