/* Unit tests of mail/encrypted/transfer.h. */
#include "mail/encrypted/transfer.h"

#include "tests/test.h"

static bool take(void *context, struct slice line)
{
	struct buf *got = context;

	buf_addf(got, "<%.*s>", SLICE_FMT(line));
	return true;
}

/* The decoded lines, then "!" when the encoding was broken. */
static void decode(
	enum transfer_encoding encoding, const char *text, struct buf *got)
{
	struct slice rest = slice_of(text), line;
	struct transfer t;
	bool is_sound = true;

	transfer_init(&t, encoding);
	while (is_sound && slice_next_line(&rest, &line))
		is_sound = transfer_line(&t, line, take, got);
	if (!is_sound || !transfer_end(&t, take, got))
		buf_add_char(got, '!');
	transfer_release(&t);
}

static void test_decoding(void)
{
	const enum transfer_encoding base64 = TRANSFER_BASE64;
	const enum transfer_encoding quoted = TRANSFER_QUOTED;
	const struct {
		enum transfer_encoding encoding;
		const char *text, *want;
	} rows[] = {
		{ TRANSFER_IDENTITY, "a=20\nb", "<a=20><b>" },
		{ TRANSFER_UNKNOWN, "a", "!" },
		{ base64, "", "" },
		{ base64, "VmVyc2lvbjogMQ0K", "<Version: 1>" },
		{ base64, "VmVyc2lvbjogMQ==", "<Version: 1>" },
		{ base64, "YQpi", "<a><b>" },
		{ base64, "YQ\npi\n", "<a><b>" },
		{ base64, " YQpi \t\n\n", "<a><b>" },
		{ base64, "Y", "!" },
		{ base64, "YQ", "!" },
		{ base64, "YQ=", "<a>" },
		{ base64, "YQ===", "!" },
		{ base64, "=", "!" },
		{ base64, "YQ==YQ==", "!" },
		{ base64, "Y-Q=", "!" },
		{ quoted, "", "" },
		{ quoted, "a=3D=41=4a", "<a=AJ>" },
		{ quoted, "a  \t\nb", "<a><b>" },
		{ quoted, "a=\nb=  \nc\n\n", "<abc><>" },
		{ quoted, "a=", "<a>" },
		{ quoted, "a=0D=0Ab", "<a><b>" },
		{ quoted, "a=4", "!" },
		{ quoted, "a=xy", "!" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf got = BUF_INIT(4096);
		decode(rows[i].encoding, rows[i].text, &got);
		check_str(rows[i].text, buf_str(&got), rows[i].want);
	}
}

/* A line is bounded after it is decoded. */
static void test_length(void)
{
	for (int n = TRANSFER_LINE_MAX_BYTES; n < 1010; n++) {
		AUTO_BUF struct buf text = BUF_INIT(4096);
		AUTO_BUF struct buf got = BUF_INIT(4096);
		for (int i = 0; i < n; i++)
			buf_add_str(&text, i % 50 ? "=41" : "=\n=41");
		decode(TRANSFER_QUOTED, buf_str(&text), &got);
		check_int("length", got.len > 2, n <= TRANSFER_LINE_MAX_BYTES);
	}
}

static void test_words(void)
{
	static const struct {
		const char *value;
		enum transfer_encoding want;
	} rows[] = {
		{ "7bit", TRANSFER_IDENTITY },
		{ " 8BIT ", TRANSFER_IDENTITY },
		{ "Binary", TRANSFER_IDENTITY },
		{ "Base64", TRANSFER_BASE64 },
		{ "quoted-printable", TRANSFER_QUOTED },
		{ "7bit (text)", TRANSFER_UNKNOWN },
		{ "x-uuencode", TRANSFER_UNKNOWN },
		{ "", TRANSFER_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_int(rows[i].value,
			transfer_encoding_of(slice_of(rows[i].value)),
			rows[i].want);
}

int main(void)
{
	test_decoding();
	test_length();
	test_words();
	return test_end();
}
