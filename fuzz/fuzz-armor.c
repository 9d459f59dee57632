/*
 * Armor read with and without the fast way over pure lines has one and
 * the same outcome, and the alphabet is what base64_value() says. The
 * input is text whose lines end in LF.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mail/base64.h"
#include "mail/encrypted/armor.h"

static bool is_pure_slowly(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (base64_value(s.ptr[i]) < 0)
			return false;
	return true;
}

/*
 * A whole message: 2 without armor headers, 1 with them; else 0; and 4 for
 * letters that are random.
 */
static int take_outcome(struct armor *a)
{
	int whole = a->has_headers ? 1 : 2;
	int outcome = (armor_is_complete(a) ? whole : 0) +
		(armor_is_random(a) ? 4 : 0);

	armor_release(a);
	return outcome;
}

static int read_slowly(struct slice wire)
{
	struct slice line;
	struct armor a;
	int r = 0;

	armor_init(&a);
	while (slice_next_line(&wire, &line))
		r = armor_line(&a, slice_head(line, line.len - 1));
	demand((r < 0) == (a.state == ARMOR_BROKEN));
	return take_outcome(&a);
}

static int read_fast(struct slice wire)
{
	struct slice line;
	struct armor a;
	int r = 0;

	armor_init(&a);
	while (wire.len > 0) {
		size_t n = armor_skip_lines(&a, wire);
		demand(n == 0 || wire.ptr[n - 1] == '\n');
		wire = slice_from(wire, n);
		if (slice_next_line(&wire, &line))
			r = armor_line(&a, slice_head(line, line.len - 1));
	}
	demand((r < 0) == (a.state == ARMOR_BROKEN));
	return take_outcome(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_make(data, len);
	AUTO_BUF struct buf wire = BUF_INIT(4 * 1024 * 1024);

	demand(base64_is_pure(text.ptr, text.len) == is_pure_slowly(text));
	fuzz_add_wire(&wire, text);
	if (buf_ok(&wire))
		demand(read_fast(buf_slice(&wire)) ==
			read_slowly(buf_slice(&wire)));
	return 0;
}
