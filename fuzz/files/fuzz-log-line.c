/*
 * What is kept of a line of a log: no control byte, no name before an "@", and
 * nothing changes the line before it.
 */
#include "chatmaild/log/scrub.h"
#include "fuzz/fuzz.h"

enum {
	OUT_MAX_BYTES = 1 << 20,
};

static void check_kept(struct slice kept)
{
	for (size_t i = 0; i < kept.len; i++) {
		char c = kept.ptr[i];
		demand(!ascii_is_control(c) || c == '\t');
		if (c == '@' && i > 0)
			demand(!ascii_is_alpha(kept.ptr[i - 1]) &&
				!ascii_is_digit(kept.ptr[i - 1]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct slice before = SLICE("anna@example.org 192.0.2.1\n");
	struct slice line = slice_make(data, len);
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX_BYTES);

	buf_add_slice(&out, before);
	bool is_kept = scrub_line(line, SLICE("192.0.2.7"), &out);
	demand(slice_starts(buf_slice(&out), before));
	if (is_kept)
		check_kept(slice_from(buf_slice(&out), before.len));
	else
		demand(out.len == before.len);
	return 0;
}
