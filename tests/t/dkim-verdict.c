/*
 * dkim-verdict - what our verifier says of messages, for a second opinion.
 *
 * Usage: dkim-verdict DOMAIN TIME. On standard input, for each message: a line
 * with its bytes and the record of its key (a blank between them), then the
 * message, whose lines end with CRLF. The answer is a line: "good", "none", or
 * why no signature is good (of the last one).
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

/* False when there is no more. */
static bool read_message(
	struct buf *text, char **line, size_t *size, char **ret_record)
{
	ssize_t len = getline(line, size, stdin);
	struct slice number, record;
	uint64_t n;

	if (len <= 0)
		return false;
	(*line)[len - 1] = '\0';
	if (!slice_cut(slice_of(*line), ' ', &number, &record) ||
		num_parse_max(number, MESSAGE_MAX_BYTES, &n) < 0)
		die("not \"BYTES RECORD\": %s", *line);
	*ret_record = *line + (record.ptr - *line);
	buf_reset(text);
	char *room = buf_room(text, n);
	if (!room || fread(room, 1, n, stdin) != n)
		die("a message that ends early");
	buf_added(text, n);
	return true;
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf text = BUF_INIT(MESSAGE_MAX_BYTES);
	AUTO_BUF struct buf wire = BUF_INIT(MESSAGE_MAX_BYTES);
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	char *record;
	uint64_t now;

	if (argc != 3 || num_parse_u64(slice_of(argv[2]), &now) < 0)
		die("usage: dkim-verdict DOMAIN TIME <MESSAGES");
	while (read_message(&text, &line, &size, &record)) {
		buf_reset(&wire);
		add_stuffed(&wire, buf_slice(&text));
		puts(verdict(buf_slice(&wire), slice_of(argv[1]), now, record));
		fflush(stdout);
	}
	return 0;
}
