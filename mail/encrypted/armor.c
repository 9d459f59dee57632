/* Reads the ASCII armor of an encrypted message, line by line. */
#include "mail/encrypted/armor.h"

#include <errno.h>

#include "lib/util.h"
#include "mail/base64.h"

enum {
	USUAL_LINE_LEN = 64,
	CRC_LINE_LEN = 5,
};

void armor_init(struct armor *a)
{
	*a = (struct armor){ .state = ARMOR_BEGIN };
}

void armor_release(struct armor *a)
{
	if (!a)
		return;
	free(a->letters);
	armor_init(a);
}

static struct slice trim_right(struct slice s)
{
	while (s.len > 0 &&
		(s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static enum armor_state take_begin(struct slice line)
{
	struct slice text = trim_right(line);

	if (text.len == 0)
		return ARMOR_BEGIN;
	if (slice_eq(text, SLICE("-----BEGIN PGP MESSAGE-----")))
		return ARMOR_HEADERS;
	return ARMOR_BROKEN;
}

static enum armor_state take_header(struct armor *a, struct slice line)
{
	if (trim_right(line).len == 0)
		return ARMOR_GAP;
	/* RFC 9580 section 6.2.2. */
	static const char *const keys[] = { "Version", "Comment", "Hash",
		"Charset", "MessageID" };
	struct slice key, value;
	if (!slice_cut(line, ':', &key, &value))
		return ARMOR_BROKEN;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!slice_eq_str(key, keys[i]))
			continue;
		a->has_headers = true;
		return ARMOR_HEADERS;
	}
	return ARMOR_BROKEN;
}

/* Letters of base64 that have been taken. */
static void count_letters(struct armor *a, struct slice letters)
{
	if (!a->letters) {
		a->letters = xcalloc(1, sizeof(*a->letters));
		a->letters->keys.is_loose = true;
	}
	letters_add(openpgp_is_in_keys(&a->packets) ? &a->letters->keys
						    : &a->letters->data,
		letters);
}

/* Moves the line's values into `out`; returns how many bytes they gave. */
static size_t decode(struct armor *a, struct slice line, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < line.len; i++) {
		a->quantum =
			a->quantum << 6 | (uint32_t)base64_value(line.ptr[i]);
		if (++a->n_quantum < 4)
			continue;
		out[n++] = (char)(a->quantum >> 16);
		out[n++] = (char)(a->quantum >> 8);
		out[n++] = (char)a->quantum;
		a->quantum = 0;
		a->n_quantum = 0;
	}
	return n;
}

/* The bytes of a last quantum of two or three values. */
static size_t decode_rest(struct armor *a, char *out)
{
	uint32_t bits = a->quantum << 6 * (4 - a->n_quantum);
	size_t n = a->n_quantum - 1U;

	out[0] = (char)(bits >> 16);
	out[1] = (char)(bits >> 8);
	a->quantum = 0;
	a->n_quantum = 0;
	return n;
}

/*
 * Counts the line's whole quanta if all of them are body. Returns what
 * is left of it to decode: values of a quantum that goes on, or all.
 */
static struct slice skip_quanta(struct armor *a, struct slice line)
{
	size_t n_values = a->n_quantum + line.len;
	size_t n_left = n_values % 4, n_bytes = n_values / 4 * 3;

	if (line.len < 4 || n_bytes > openpgp_skippable(&a->packets))
		return line;
	openpgp_skip(&a->packets, n_bytes);
	a->quantum = 0;
	a->n_quantum = 0;
	return slice_from(line, line.len - n_left);
}

static size_t count_padding(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.ptr[line.len - 1 - n] == '=')
		n++;
	return n;
}

static enum armor_state not_openpgp(struct armor *a)
{
	a->reason = REASON_PACKETS;
	return ARMOR_BROKEN;
}

static enum armor_state take_data(struct armor *a, struct slice line)
{
	char out[ARMOR_LINE_MAX_BYTES];
	size_t padding = count_padding(line);

	if (line.len == padding || line.len > ARMOR_LINE_MAX_BYTES)
		return ARMOR_BROKEN;
	a->line_len = (uint16_t)line.len;
	line.len -= padding;
	if (!base64_is_pure(line.ptr, line.len))
		return ARMOR_BROKEN;
	size_t n = decode(a, skip_quanta(a, line), out);
	if (padding > 0) {
		if (padding > 2 || a->n_quantum != 4 - padding)
			return ARMOR_BROKEN;
		n += decode_rest(a, out + n);
	}
	if (openpgp_feed(&a->packets, slice_make(out, n)) < 0)
		return not_openpgp(a);
	/* A line in which the data begins is of the data. */
	count_letters(a, line);
	return padding > 0 ? ARMOR_PADDED : ARMOR_DATA;
}

static enum armor_state take_end(struct armor *a, struct slice line)
{
	if (!slice_eq(trim_right(line), SLICE("-----END PGP MESSAGE-----")))
		return ARMOR_BROKEN;
	if (a->n_quantum != 0 || !openpgp_is_complete(&a->packets))
		return not_openpgp(a);
	return ARMOR_END;
}

static bool is_crc(struct slice line)
{
	return line.len == CRC_LINE_LEN && line.ptr[0] == '=' &&
		base64_is_pure(line.ptr + 1, line.len - 1);
}

/* A line of ARMOR_GAP, ARMOR_DATA, ARMOR_PADDED and ARMOR_CRC. */
static enum armor_state take_body(struct armor *a, struct slice line)
{
	if (line.len > 0 && line.ptr[0] == '-')
		return take_end(a, line);
	if (a->state == ARMOR_GAP && trim_right(line).len == 0)
		return ARMOR_GAP;
	if (a->state == ARMOR_CRC)
		return ARMOR_BROKEN;
	if (is_crc(line))
		return a->n_quantum == 0 ? ARMOR_CRC : ARMOR_BROKEN;
	if (a->state == ARMOR_PADDED)
		return ARMOR_BROKEN;
	return take_data(a, line);
}

int armor_line(struct armor *a, struct slice line)
{
	switch (a->state) {
	case ARMOR_BEGIN:
		a->state = take_begin(line);
		break;
	case ARMOR_HEADERS:
		a->state = take_header(a, line);
		break;
	case ARMOR_GAP:
	case ARMOR_DATA:
	case ARMOR_PADDED:
	case ARMOR_CRC:
		a->state = take_body(a, line);
		break;
	case ARMOR_END:
		if (trim_right(line).len > 0)
			a->state = ARMOR_BROKEN;
		break;
	case ARMOR_BROKEN:
		break;
	}
	if (a->state != ARMOR_BROKEN)
		return 0;
	if (!a->reason)
		a->reason = REASON_ARMOR;
	return -EBADMSG;
}

/* How many of the n lines at `ptr`, each `len` long, are pure base64. */
static inline uint64_t count_pure(const char *ptr, size_t len, uint64_t n)
{
	uint64_t i = 0;

	while (i < n && ptr[len] == '\r' && ptr[len + 1] == '\n' &&
		base64_is_pure(ptr, len)) {
		ptr += len + 2;
		i++;
	}
	return i;
}

size_t armor_skip_lines(struct armor *a, struct slice bytes)
{
	size_t len = a->line_len;

	if (a->state != ARMOR_DATA || a->n_quantum != 0 || len == 0 ||
		len % 4 != 0)
		return 0;
	size_t decoded_len = len / 4 * 3;
	uint64_t n = openpgp_skippable(&a->packets) / decoded_len;
	if (n > bytes.len / (len + 2))
		n = bytes.len / (len + 2);
	/* A constant length lets the compiler unroll the usual case. */
	if (len == USUAL_LINE_LEN)
		n = count_pure(bytes.ptr, USUAL_LINE_LEN, n);
	else
		n = count_pure(bytes.ptr, len, n);
	for (uint64_t i = 0; i < n; i++)
		count_letters(a, slice_make(bytes.ptr + i * (len + 2), len));
	openpgp_skip(&a->packets, n * decoded_len);
	return n * (len + 2);
}

bool armor_is_complete(const struct armor *a)
{
	return a->state == ARMOR_END;
}

bool armor_is_random(const struct armor *a)
{
	return !a->letters ||
		(letters_are_random(&a->letters->keys) &&
			letters_are_random(&a->letters->data));
}
