/* Decodes base64 and quoted-printable, line by line. */
#include "mail/encrypted/transfer.h"

#include "mail/base64.h"

enum transfer_encoding transfer_encoding_of(struct slice value)
{
	static const struct {
		const char *word;
		enum transfer_encoding encoding;
	} words[] = {
		{ "7bit", TRANSFER_IDENTITY },
		{ "8bit", TRANSFER_IDENTITY },
		{ "binary", TRANSFER_IDENTITY },
		{ "base64", TRANSFER_BASE64 },
		{ "quoted-printable", TRANSFER_QUOTED },
	};
	struct slice word = slice_trim(value);

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_str_nocase(word, words[i].word))
			return words[i].encoding;
	return TRANSFER_UNKNOWN;
}

void transfer_init(struct transfer *t, enum transfer_encoding encoding)
{
	*t = (struct transfer){
		.encoding = encoding,
		.line = BUF_INIT(TRANSFER_LINE_MAX_BYTES + 1), /* and its CR */
	};
}

void transfer_release(struct transfer *t)
{
	if (t)
		buf_release(&t->line);
}

static bool give_line(struct transfer *t, transfer_line_fn *take, void *context)
{
	struct slice line = buf_slice(&t->line);

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	bool is_taken = buf_ok(&t->line) &&
		line.len <= TRANSFER_LINE_MAX_BYTES && take(context, line);
	buf_reset(&t->line);
	return is_taken;
}

static bool add_byte(
	struct transfer *t, char c, transfer_line_fn *take, void *context)
{
	if (c == '\n')
		return give_line(t, take, context);
	buf_add_char(&t->line, c);
	return buf_ok(&t->line);
}

/* The bytes of a quantum of `n` values, 2 to 4. */
static bool add_quantum(
	struct transfer *t, unsigned n, transfer_line_fn *take, void *context)
{
	uint32_t bits = t->quantum << 6 * (4 - n);

	for (unsigned i = 0; i + 1 < n; i++)
		if (!add_byte(t, (char)(bits >> (16 - 8 * i)), take, context))
			return false;
	t->quantum = 0;
	t->n_quantum = 0;
	return true;
}

static bool take_pad(struct transfer *t, transfer_line_fn *take, void *context)
{
	if (t->n_pads++ > 0)
		return t->n_pads == 2;
	return t->n_quantum >= 2 && add_quantum(t, t->n_quantum, take, context);
}

static bool take_base64(struct transfer *t, struct slice line,
	transfer_line_fn *take, void *context)
{
	line = slice_trim(line);
	for (size_t i = 0; i < line.len; i++) {
		int value = base64_value(line.ptr[i]);
		if (line.ptr[i] == '=') {
			if (!take_pad(t, take, context))
				return false;
			continue;
		}
		if (value < 0 || t->n_pads > 0)
			return false;
		t->quantum = t->quantum << 6 | (uint32_t)value;
		if (++t->n_quantum == 4 && !add_quantum(t, 4, take, context))
			return false;
	}
	return true;
}

static int hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* An octet written =XX, at the start of `s`; -1 when it is none. */
static int quoted_octet(struct slice s)
{
	if (s.len < 3)
		return -1;
	int high = hex_value(s.ptr[1]), low = hex_value(s.ptr[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool take_quoted(struct transfer *t, struct slice line,
	transfer_line_fn *take, void *context)
{
	while (line.len > 0 &&
		(slice_ends(line, SLICE(" ")) || slice_ends(line, SLICE("\t"))))
		line.len--;
	while (line.len > 0) {
		bool is_quoted = line.ptr[0] == '=';
		if (is_quoted && line.len == 1)
			return true; /* the line goes on */
		int octet = is_quoted ? quoted_octet(line)
				      : (unsigned char)line.ptr[0];
		if (octet < 0 || !add_byte(t, (char)octet, take, context))
			return false;
		line = slice_from(line, is_quoted ? 3 : 1);
	}
	return give_line(t, take, context);
}

bool transfer_line(struct transfer *t, struct slice line,
	transfer_line_fn *take, void *context)
{
	switch (t->encoding) {
	case TRANSFER_IDENTITY:
		return take(context, line);
	case TRANSFER_BASE64:
		return take_base64(t, line, take, context);
	case TRANSFER_QUOTED:
		return take_quoted(t, line, take, context);
	case TRANSFER_UNKNOWN:
		break;
	}
	return false;
}

bool transfer_end(struct transfer *t, transfer_line_fn *take, void *context)
{
	if (t->n_quantum > 0)
		return false;
	return t->line.len == 0 || give_line(t, take, context);
}
