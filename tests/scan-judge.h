/*
 * scan-judge.h - a message scan's whole outcome as one line of text, for
 * tests and fuzz targets: the same message must give the same line
 * however it is cut into chunks.
 */
#ifndef TESTS_SCAN_JUDGE_H
#define TESTS_SCAN_JUDGE_H

#include "mail/scan.h"

/* How many bytes the next chunk has: 1 or more. */
typedef size_t chunk_fn(void *context);

static inline size_t chunk_whole(void *context)
{
	(void)context;
	return SIZE_MAX;
}

static inline size_t chunk_one(void *context)
{
	(void)context;
	return 1;
}

/* Lengths 1 to 200 from a seed, mostly small. */
static inline size_t chunk_random(void *context)
{
	unsigned *seed = context;

	*seed = *seed * 1664525U + 1013904223U;
	unsigned n = *seed >> 16;
	return n % 3 ? n % 8 + 1 : n % 200 + 1;
}

/*
 * Verdict letters (E strictly encrypted, e encrypted, S SecureJoin, B
 * bounce, - none of them), or what broke the message.
 */
static inline void add_verdict(struct buf *out, const struct message_scan *s)
{
	size_t from = out->len;

	if (message_scan_broken(s)) {
		buf_add_str(out, message_scan_broken(s));
		return;
	}
	if (!message_scan_fault(s, true))
		buf_add_char(out, 'E');
	else if (!message_scan_fault(s, false))
		buf_add_char(out, 'e');
	if (message_scan_is_securejoin(s, true))
		buf_add_char(out, 'S');
	if (message_scan_is_bounce(s))
		buf_add_char(out, 'B');
	if (out->len == from)
		buf_add_char(out, '-');
}

/* "VERDICT FROM", where FROM is an address or "(why there is none)". */
static inline void judge(
	struct slice message, chunk_fn *chunk, void *context, struct buf *out)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct message_scan s;
	struct slice from;

	message_scan_init(&s);
	while (message.len > 0) {
		size_t n = chunk(context);
		message_scan_feed(&s, slice_head(message, n));
		message = slice_from(message, n);
	}
	message_scan_end(&s);
	add_verdict(out, &s);
	if (message_scan_from(&s, &from, &why) == 0)
		buf_addf(out, " %.*s", SLICE_FMT(from));
	else
		buf_addf(out, " (%s)", buf_str(&why));
	message_scan_release(&s);
}

#endif
