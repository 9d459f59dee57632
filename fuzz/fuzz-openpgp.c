/*
 * Packets fed in one piece, byte by byte, and with their bodies skipped
 * have one and the same outcome.
 */
#include "fuzz/fuzz.h"
#include "mail/encrypted/openpgp.h"

enum outcome {
	BROKEN,
	INCOMPLETE,
	COMPLETE
};

static enum outcome outcome_of(int r, const struct openpgp *p)
{
	if (r < 0)
		return BROKEN;
	return openpgp_is_complete(p) ? COMPLETE : INCOMPLETE;
}

static enum outcome feed_bytewise(struct slice bytes)
{
	struct openpgp p;
	int r = 0;

	openpgp_init(&p);
	for (; bytes.len > 0; bytes = slice_from(bytes, 1))
		r = openpgp_feed(&p, slice_head(bytes, 1));
	return outcome_of(r, &p);
}

static enum outcome feed_skipping(struct slice bytes)
{
	struct openpgp p;
	int r = 0;

	openpgp_init(&p);
	while (bytes.len > 0) {
		uint64_t n = openpgp_skippable(&p);
		if (n > bytes.len)
			n = bytes.len;
		openpgp_skip(&p, n);
		bytes = slice_from(bytes, n);
		if (bytes.len > 0)
			r = openpgp_feed(&p, slice_head(bytes, 1));
		bytes = slice_from(bytes, 1);
	}
	return outcome_of(r, &p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice bytes = slice_make(data, len);
	struct openpgp p;

	openpgp_init(&p);
	enum outcome whole = outcome_of(openpgp_feed(&p, bytes), &p);
	demand(feed_bytewise(bytes) == whole);
	demand(feed_skipping(bytes) == whole);
	return 0;
}
