/*
 * A message scanned whole, byte by byte and in random chunks has one and
 * the same outcome; and one that passes as encrypted or SecureJoin holds
 * no line in its body that a person could have written, judged here by
 * other means than in mail/.
 *
 * Input that begins with 'L' is text whose lines end in LF; all other
 * input is taken for what was on the wire.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "tests/scan-judge.h"

enum {
	WIRE_MAX_BYTES = 4 * 1024 * 1024,
};

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

static bool is_base64(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] == '\0' || !strchr(alphabet, line.ptr[i]))
			return false;
	return true;
}

static bool is_known(struct slice line)
{
	static const char *const texts[] = {
		"Version: 1",
		"Secure-Join: vc-request",
		"Secure-Join: vg-request",
		"-----BEGIN PGP MESSAGE-----",
		"-----END PGP MESSAGE-----",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (slice_eq_str_nocase(line, texts[i]))
			return true;
	return false;
}

/* "Name: value", or a continuation of one. */
static bool is_field(struct slice line)
{
	struct slice name, value;

	if (line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
		return true;
	return slice_cut(line, ':', &name, &value) &&
		!slice_has_char(name, ' ');
}

static bool is_delimiter(struct slice line, struct slice whole)
{
	if (!slice_starts(line, SLICE("--")))
		return false;
	/* The boundary has to be somewhere in the header. */
	struct slice boundary = slice_from(line, 2);
	if (slice_ends(boundary, SLICE("--")))
		boundary.len -= 2;
	return memmem(whole.ptr, (size_t)(line.ptr - whole.ptr), boundary.ptr,
		boundary.len);
}

enum place {
	HEADER,
	BETWEEN,
	PART_HEADER,
	ARMOR
};

static enum place demand_harmless_line(
	enum place place, struct slice line, struct slice wire)
{
	struct slice text = slice_trim(line);

	if (place == HEADER)
		return line.len == 0 ? BETWEEN : HEADER;
	if (place != ARMOR && !is_known(text) && is_delimiter(text, wire))
		return PART_HEADER;
	if (text.len == 0)
		return place == PART_HEADER ? BETWEEN : place;
	if (place == PART_HEADER) {
		demand(is_field(line));
		return PART_HEADER;
	}
	if (slice_eq_str(text, "-----END PGP MESSAGE-----"))
		return BETWEEN;
	bool may_be_data =
		place == ARMOR && (is_base64(text) || is_field(line));
	demand(may_be_data || is_known(text));
	return slice_starts(text, SLICE("-----BEGIN")) ? ARMOR : place;
}

static void demand_harmless(struct slice wire)
{
	struct slice rest = wire, line;
	enum place place = HEADER;

	while (slice_next_line(&rest, &line)) {
		demand(line.len > 0 && line.ptr[line.len - 1] == '\r');
		line.len--;
		if (line.len > 0 && line.ptr[0] == '.')
			line = slice_from(line, 1);
		place = demand_harmless_line(place, line, wire);
	}
	demand(place != ARMOR);
}

static void try_message(struct slice wire, unsigned seed)
{
	AUTO_BUF struct buf whole = BUF_INIT(WIRE_MAX_BYTES);
	AUTO_BUF struct buf bytewise = BUF_INIT(WIRE_MAX_BYTES);
	AUTO_BUF struct buf chunked = BUF_INIT(WIRE_MAX_BYTES);

	judge(wire, chunk_whole, NULL, &whole);
	judge(wire, chunk_one, NULL, &bytewise);
	judge(wire, chunk_random, &seed, &chunked);
	demand(slice_eq(buf_slice(&whole), buf_slice(&bytewise)));
	demand(slice_eq(buf_slice(&whole), buf_slice(&chunked)));
	if (slice_has_char(SLICE("EeS"), whole.ptr[0]))
		demand_harmless(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO_BUF struct buf wire = BUF_INIT(WIRE_MAX_BYTES);
	struct slice input = slice_make(data, len);

	if (len == 0 || data[0] != 'L') {
		try_message(input, (unsigned)len);
		return 0;
	}
	fuzz_add_wire(&wire, slice_from(input, 1));
	try_message(buf_slice(&wire), (unsigned)len);
	return 0;
}
