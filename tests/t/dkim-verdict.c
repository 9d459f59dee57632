/*
 * dkim-verdict - what our verifier says of a message, for a second opinion.
 *
 * Usage: dkim-verdict DOMAIN TIME RECORD, the message on standard input,
 * its lines ended by CRLF. Prints "good", "none", or why no signature is
 * good (of the last one).
 */
#include <stdio.h>

#include "lib/die.h"
#include "lib/num.h"
#include "tests/dkim-judge.h"

enum {
	MESSAGE_MAX_BYTES = 16 * 1024 * 1024,
};

static void add_stuffed(struct buf *out, struct slice text)
{
	struct slice line;

	while (slice_next_line(&text, &line)) {
		if (line.len > 0 && line.ptr[0] == '.')
			buf_add_char(out, '.');
		buf_add_slice(out, line);
		buf_add_char(out, '\n');
	}
}

static const char *verdict(struct slice wire, struct slice domain, uint64_t now,
	const char *record)
{
	const char *got = "none";
	struct dkim_key key = { 0 };
	struct dkim d;
	unsigned seed = (unsigned)wire.len;

	dkim_feed(&d, wire, chunk_random, &seed, domain, now);
	const char *fault = dkim_key_parse(slice_of(record), &key);
	for (unsigned i = 0; got && i < d.n_signatures; i++) {
		got = d.signatures[i].fault;
		if (!got)
			got = fault;
		if (!got)
			got = dkim_verify(&d.signatures[i], &key);
	}
	dkim_key_release(&key);
	dkim_release(&d);
	return got ? got : "good";
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf text = BUF_INIT(MESSAGE_MAX_BYTES);
	AUTO_BUF struct buf wire = BUF_INIT(MESSAGE_MAX_BYTES);
	uint64_t now;
	size_t n;

	if (argc != 4 || num_parse_u64(slice_of(argv[2]), &now) < 0)
		die("usage: dkim-verdict DOMAIN TIME RECORD <MESSAGE");
	do {
		char piece[4096];
		n = fread(piece, 1, sizeof(piece), stdin);
		buf_add(&text, piece, n);
	} while (n > 0);
	add_stuffed(&wire, buf_slice(&text));
	puts(verdict(buf_slice(&wire), slice_of(argv[1]), now, argv[3]));
	return 0;
}
