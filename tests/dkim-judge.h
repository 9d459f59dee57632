/*
 * dkim-judge.h - a message fed to the verifier in chunks, for tests and
 * fuzz targets: however it is cut, the same must come of it.
 */
#ifndef TESTS_DKIM_JUDGE_H
#define TESTS_DKIM_JUDGE_H

#include "mail/dkim/dkim.h"
#include "tests/scan-judge.h"

/* The caller releases. */
static inline void dkim_feed(struct dkim *d, struct slice wire,
	chunk_fn *chunk_size, void *context, struct slice domain,
	uint64_t now_sec)
{
	bool has_begun = false;

	dkim_init(d);
	while (wire.len > 0) {
		struct slice chunk = slice_head(wire, chunk_size(context));
		wire = slice_from(wire, chunk.len);
		if (!has_begun)
			chunk = slice_from(chunk, dkim_header(d, chunk));
		if (!has_begun && d->is_header_over) {
			dkim_begin(d, domain, now_sec);
			has_begun = true;
		}
		dkim_body(d, chunk);
	}
	if (!has_begun)
		dkim_begin(d, domain, now_sec);
	dkim_end(d);
}

static inline void dkim_add_hash(
	struct buf *out, const unsigned char hash[DKIM_HASH_BYTES])
{
	for (size_t i = 0; i < DKIM_HASH_BYTES; i++)
		buf_addf(out, "%02x", hash[i]);
}

/* All that is known of the signatures, a line for each. */
static inline void dkim_describe(const struct dkim *d, struct buf *out)
{
	for (unsigned i = 0; i < d->n_signatures; i++) {
		const struct dkim_signature *s = &d->signatures[i];
		buf_addf(out, "%s|%s|", buf_str(&s->key_name),
			s->fault ? s->fault : "");
		dkim_add_hash(out, s->header_hash);
		buf_add_char(out, '\n');
	}
}

#endif
