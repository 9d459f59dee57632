/*
 * A message verified whole, byte by byte and in random chunks has the same
 * signatures with the same faults and hashes, and as a body the same hash
 * in either form. Input that begins with 'K' is a key's record, 'L' text
 * whose lines end in LF, all else what was on the wire.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "tests/dkim-judge.h"

enum {
	WIRE_MAX_BYTES = 4 * 1024 * 1024,
	NOW = 1528638000,
};

static void describe(
	struct slice wire, chunk_fn *chunk, void *context, struct buf *out)
{
	struct dkim d;

	dkim_feed(&d, wire, chunk, context, SLICE("a.example"), NOW);
	dkim_describe(&d, out);
	demand(d.n_signatures <= DKIM_SIGNATURES_MAX);
	dkim_release(&d);
}

static void hash_body(struct slice wire, enum dkim_form form, chunk_fn *chunk,
	void *context, unsigned char ret_hash[DKIM_HASH_BYTES])
{
	struct dkim d;

	dkim_init(&d);
	d.is_body_hashed[form] = true;
	dkim_body_init(&d.bodies[form], form);
	while (wire.len > 0) {
		struct slice piece = slice_head(wire, chunk(context));
		dkim_body(&d, piece);
		wire = slice_from(wire, piece.len);
	}
	dkim_body_end(&d.bodies[form], ret_hash);
	dkim_release(&d);
}

static void try_body(struct slice wire, enum dkim_form form, unsigned seed)
{
	unsigned char whole[DKIM_HASH_BYTES], bytewise[DKIM_HASH_BYTES];
	unsigned char chunked[DKIM_HASH_BYTES];

	hash_body(wire, form, chunk_whole, NULL, whole);
	hash_body(wire, form, chunk_one, NULL, bytewise);
	hash_body(wire, form, chunk_random, &seed, chunked);
	demand(memcmp(whole, bytewise, sizeof(whole)) == 0);
	demand(memcmp(whole, chunked, sizeof(whole)) == 0);
}

static void try_message(struct slice wire, unsigned seed)
{
	AUTO_BUF struct buf whole = BUF_INIT(WIRE_MAX_BYTES);
	AUTO_BUF struct buf bytewise = BUF_INIT(WIRE_MAX_BYTES);
	AUTO_BUF struct buf chunked = BUF_INIT(WIRE_MAX_BYTES);

	describe(wire, chunk_whole, NULL, &whole);
	describe(wire, chunk_one, NULL, &bytewise);
	describe(wire, chunk_random, &seed, &chunked);
	demand(slice_eq(buf_slice(&whole), buf_slice(&bytewise)));
	demand(slice_eq(buf_slice(&whole), buf_slice(&chunked)));
	try_body(wire, DKIM_SIMPLE, seed);
	try_body(wire, DKIM_RELAXED, seed);
}

/* A key that is taken takes no signature of nothing. */
static void try_key(struct slice record)
{
	const unsigned char hash[DKIM_HASH_BYTES] = { 0 };
	struct dkim_key key = { 0 };

	if (!dkim_key_parse(record, &key))
		demand(!dkim_key_verify(&key, hash, SLICE("x")));
	dkim_key_release(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO_BUF struct buf wire = BUF_INIT(WIRE_MAX_BYTES);
	struct slice input = slice_make(data, len);

	if (len > 0 && data[0] == 'K') {
		try_key(slice_from(input, 1));
	} else if (len > 0 && data[0] == 'L') {
		fuzz_add_wire(&wire, slice_from(input, 1));
		try_message(buf_slice(&wire), (unsigned)len);
	} else {
		try_message(input, (unsigned)len);
	}
	return 0;
}
