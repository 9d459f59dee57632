/*
 * A body of any transfer encoding, cut into lines: no line that was decoded is
 * longer than the limit or has a line end in it, identity changes nothing, and
 * no encoding makes more of a body than it was.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mail/encrypted/transfer.h"

struct seen {
	size_t n_bytes, n_lines;
	struct slice expected; /* the line that identity must give */
	bool is_identity;
};

static bool take(void *context, struct slice line)
{
	struct seen *seen = context;

	demand(seen->is_identity || line.len <= TRANSFER_LINE_MAX_BYTES);
	demand(!memchr(line.ptr ? line.ptr : "", '\n', line.len));
	demand(!seen->is_identity || slice_eq(line, seen->expected));
	seen->n_bytes += line.len;
	seen->n_lines++;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_make(data, len), line;
	struct transfer transfer;
	struct seen seen = { 0 };
	size_t n_in = 0;
	bool is_good = true;

	if (!slice_next_line(&rest, &line))
		return 0;
	enum transfer_encoding encoding = transfer_encoding_of(line);
	if (encoding == TRANSFER_UNKNOWN)
		return 0;
	seen.is_identity = encoding == TRANSFER_IDENTITY;
	transfer_init(&transfer, encoding);
	while (is_good && slice_next_line(&rest, &line)) {
		seen.expected = line;
		n_in += line.len + 1;
		is_good = transfer_line(&transfer, line, take, &seen);
	}
	if (is_good)
		is_good = transfer_end(&transfer, take, &seen);
	demand(seen.n_bytes + seen.n_lines <= n_in + 1);
	transfer_release(&transfer);
	return 0;
}
