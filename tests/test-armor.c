/* Unit tests of mail/encrypted/armor.h. */
#include "mail/base64.h"
#include "mail/encrypted/armor.h"

#include "tests/test.h"

/* One row of packets: octets, and a run of zeros behind them. */
struct packets {
	const char *name;
	struct slice head;
	size_t n_zeros;
	bool is_whole;
};

static const struct packets packet_rows[] = {
	{ "nothing", SLICE(""), 0, false },
	{ "SEIPD, one octet of length", SLICE("\xd2\x29\1"), 40, true },
	{ "SEIPD, two octets", SLICE("\xd2\xc0\x00\1"), 191, true },
	{ "SEIPD, two octets, most", SLICE("\xd2\xdf\xff\1"), 8382, true },
	{ "SEIPD, five octets", SLICE("\xd2\xff\x00\x00\x10\x00\1"), 4095,
		true },
	{ "SEIPD 2", SLICE("\xd2\x34\2"), 51, true },
	{ "SEIPD of no length", SLICE("\xd2\x00"), 0, false },
	{ "SEIPD 1, too small", SLICE("\xd2\x28\1"), 39, false },
	{ "SEIPD 2, too small", SLICE("\xd2\x33\2"), 50, false },
	{ "SEIPD 3", SLICE("\xd2\x34\3"), 51, false },
	{ "PKESK, SEIPD", SLICE("\xc1\x0c\3-----------\xd2\x29\1"), 40, true },
	{ "PKESK 6", SLICE("\xc1\x0c\6-----------\xd2\x29\1"), 40, true },
	{ "PKESK 2", SLICE("\xc1\x0c\2-----------\xd2\x29\1"), 40, false },
	{ "small PKESK", SLICE("\xc1\x0b\3----------\xd2\x29\1"), 40, false },
	{ "large PKESK", SLICE("\xc1\xc6\x49\3"), 1800, false },
	{ "SKESK, PKESK, SEIPD",
		SLICE("\xc3\4\4---\xc1\x0c\3-----------\xd2\x29\1"), 40, true },
	{ "SKESK 7", SLICE("\xc3\4\7---\xd2\x29\1"), 40, false },
	{ "large SKESK", SLICE("\xc3\x41\4"), 64, false },
	{ "legacy PKESK, 1 octet", SLICE("\x84\x0c\3-----------\xd2\x29\1"), 40,
		true },
	{ "legacy PKESK, 2 octets", SLICE("\x85\0\x0c\3-----------\xd2\x29\1"),
		40, true },
	{ "legacy PKESK, 4 octets",
		SLICE("\x86\0\0\0\x0c\3-----------\xd2\x29\1"), 40, true },
	{ "legacy PKESK, no length", SLICE("\x87\3-----------\xd2\x29\1"), 40,
		false },
	{ "legacy PKESK, 2 octets, over 191", SLICE("\x85\0\xc8\3"), 199,
		false },
	{ "legacy SKESK", SLICE("\x8c\4\4---\xd2\x29\1"), 40, true },
	{ "legacy literal", SLICE("\xac\x29\1"), 40, false },
	{ "PKESK only", SLICE("\xc1\x0c\3"), 11, false },
	{ "too short", SLICE("\xd2\x29\1"), 39, false },
	{ "too long", SLICE("\xd2\x29\1"), 41, false },
	{ "length missing", SLICE("\xd2\xff\x00\x00"), 0, false },
	{ "no packet", SLICE("hello"), 0, false },
	{ "literal data", SLICE("\xcb\x29\1"), 40, false },
	{ "SED", SLICE("\xc9\x29\1"), 40, false },
	{ "AEAD", SLICE("\xd4\x29\1"), 40, false },
	{ "marker", SLICE("\xca\x03PGP\xd2\x29\1"), 40, false },
	{ "partial, then rest", SLICE("\xd2\xe9\1"), 511 + 1, true },
	{ "partial without rest", SLICE("\xd2\xe9\1"), 511, false },
	{ "partial, rest cut", SLICE("\xd2\xe9\1"), 510, false },
	{ "first partial of 256", SLICE("\xd2\xe8\1"), 255 + 1, false },
	{ "partial PKESK", SLICE("\xc1\xe9\3"), 511 + 1, false },
};

/* How many session keys there may be. */
static void test_keys(void)
{
	for (int n = OPENPGP_KEYS_MAX; n <= OPENPGP_KEYS_MAX + 1; n++) {
		struct openpgp p;
		int r = 0;

		openpgp_init(&p);
		for (int i = 0; i < n; i++)
			r = openpgp_feed(&p, SLICE("\xc3\4\4---"));
		check_int("keys", r == 0, n == OPENPGP_KEYS_MAX);
	}
}

static int feed_by(struct openpgp *p, struct slice bytes, size_t n)
{
	int r = 0;

	openpgp_init(p);
	while (bytes.len > 0) {
		r = openpgp_feed(p, slice_head(bytes, n));
		bytes = slice_from(bytes, n);
	}
	return r;
}

static void add_packets(struct buf *out, const struct packets *row)
{
	buf_add_slice(out, row->head);
	for (size_t i = 0; i < row->n_zeros; i++)
		buf_add_char(out, 0);
}

static void test_openpgp(void)
{
	for (size_t i = 0; i < ARRAY_LEN(packet_rows); i++) {
		const struct packets *row = &packet_rows[i];
		AUTO_BUF struct buf bytes = BUF_INIT(100000);
		struct openpgp p;

		add_packets(&bytes, row);
		for (size_t n = 1; n < 10000; n = n * 3 + 1) {
			int r = feed_by(&p, buf_slice(&bytes), n);
			bool is_whole = r == 0 && openpgp_is_complete(&p);
			check_int(row->name, is_whole, row->is_whole);
		}
	}
}

static void test_parts(void)
{
	AUTO_BUF struct buf bytes = BUF_INIT(100000);
	struct openpgp p;

	buf_add_slice(&bytes, SLICE("\xd2\xea"));
	buf_add_char(&bytes, 1);
	for (int i = 0; i < 1023; i++)
		buf_add_char(&bytes, 0x55);
	buf_add_slice(&bytes, SLICE("\xe0z\xe1zz\xc0\x00"));
	for (int i = 0; i < 191; i++)
		buf_add_char(&bytes, 0x55);
	check_int("one short", feed_by(&p, buf_slice(&bytes), 7), 0);
	check("one short", !openpgp_is_complete(&p));
	buf_add_char(&bytes, 0x55);
	check_int("parts", feed_by(&p, buf_slice(&bytes), 7), 0);
	check("parts", openpgp_is_complete(&p));
	buf_add_char(&bytes, 0x55);
	check("one more", feed_by(&p, buf_slice(&bytes), 7) < 0);

	buf_reset(&bytes);
	buf_add_slice(&bytes, SLICE("\xc1\xe9"));
	for (int i = 0; i < 512; i++)
		buf_add_char(&bytes, 0x55);
	buf_add_slice(&bytes, SLICE("\x01z\xd2\x01z"));
	check("partial PKESK", feed_by(&p, buf_slice(&bytes), 1000) < 0);
}

static void test_alphabet(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (int c = 0; c < 256; c++) {
		char text[37];
		const char *at = c ? strchr(alphabet, c) : NULL;
		int want = at ? (int)(at - alphabet) : -1;
		check_int("value", base64_value((char)c), want);
		for (size_t i = 0; i < sizeof(text); i++) {
			memset(text, 'Z', sizeof(text));
			text[i] = (char)c;
			check_int("pure", base64_is_pure(text, sizeof(text)),
				want >= 0);
			check_int(
				"pure up to there", base64_is_pure(text, i), 1);
			check_int("pure with it", base64_is_pure(text, i + 1),
				want >= 0);
		}
	}
}

/* The whole armor as lines; "DATA" is a SEIPD packet of 46 octets. */
#define BEGIN "-----BEGIN PGP MESSAGE-----\n"
#define END   "-----END PGP MESSAGE-----\n"
#define MID   "SkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaM"
#define DATA  "0i4B" MID "Tvvj\n"

static void test_armor(void)
{
	enum verdict {
		NO,
		TOLERATED,
		YES
	};
	static const struct {
		const char *name;
		const char *lines;
		enum verdict verdict;
	} rows[] = {
		{ "plain", BEGIN "\n" DATA END, YES },
		{ "checksum", BEGIN "\n" DATA "=abcd\n" END, YES },
		{ "blank lines around", "\n" BEGIN "\n\n" DATA END "\n \n",
			YES },
		{ "blank at the line's end",
			"-----BEGIN PGP MESSAGE-----  \n\n" DATA END, YES },
		{ "padding", BEGIN "\n0i0B" MID "Tvv=\n" END, YES },
		{ "padding, checksum", BEGIN "\n0iwB" MID "Tv==\n=abcd\n" END,
			YES },
		{ "padding of two", BEGIN "\n0iwB" MID "Tv==\n" END, YES },
		{ "line of one quantum", BEGIN "\n0i4B\n" MID "Tvvj\n" END,
			YES },
		{ "lines that are no whole quanta",
			BEGIN "\n0\ni4B" MID "T\nvv\nj\n" END, YES },
		{ "version header", BEGIN "Version: x\n\n" DATA END,
			TOLERATED },
		{ "comment header",
			BEGIN "Comment: hi\nVersion: 2\n\n" DATA END,
			TOLERATED },
		{ "other header", BEGIN "Subject: hi\n\n" DATA END, NO },
		{ "no empty line", BEGIN DATA END, NO },
		{ "no BEGIN", DATA END, NO },
		{ "no END", BEGIN "\n" DATA, NO },
		{ "no data", BEGIN "\n" END, NO },
		{ "text before", "hi\n" BEGIN "\n" DATA END, NO },
		{ "text after", BEGIN "\n" DATA END "hi\n", NO },
		{ "text in data", BEGIN "\n" DATA "hello, world\n" END, NO },
		{ "data after data", BEGIN "\n" DATA DATA END, NO },
		{ "data after padding", BEGIN "\n0i0B" MID "Tvv=\neHh4\n" END,
			NO },
		{ "data after checksum", BEGIN "\n" DATA "=abcd\n" DATA END,
			NO },
		{ "two checksums", BEGIN "\n" DATA "=abcd\n=abcd\n" END, NO },
		{ "short checksum", BEGIN "\n" DATA "=abc\n" END, NO },
		{ "empty line in data", BEGIN "\n0i4B\n\n" MID "Tvvj\n" END,
			NO },
		{ "empty line before END", BEGIN "\n" DATA "\n" END, NO },
		{ "blank in data", BEGIN "\n0i4B " MID "Tvvj\n" END, NO },
		{ "quantum not whole", BEGIN "\n0i4B" MID "Tvvje\n" END, NO },
		{ "one = too few", BEGIN "\n0iwB" MID "Tv=\n" END, NO },
		{ "one = too many", BEGIN "\n0i0B" MID "Tvv==\n" END, NO },
		{ "three =", BEGIN "\n0i0B" MID "T===\n" END, NO },
		{ "= alone", BEGIN "\n0i0B" MID "Tvv\n=\n" END, NO },
		{ "= in the midst", BEGIN "\n0i0B" MID "Tvv=eHh4\n" END, NO },
		{ "dash-escaped", BEGIN "\n- " DATA END, NO },
		{ "second armor", BEGIN "\n" DATA END BEGIN "\n" DATA END, NO },
		{ "other armor",
			"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" DATA END,
			NO },
		{ "lower case", "-----begin pgp message-----\n\n" DATA END,
			NO },
		{ "text behind BEGIN",
			"-----BEGIN PGP MESSAGE----- x\n\n" DATA END, NO },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = slice_of(rows[i].lines), line;
		struct armor a;
		int r = 0;

		armor_init(&a);
		while (slice_next_line(&rest, &line))
			r = armor_line(&a, line);
		bool is_whole = r == 0 && armor_is_complete(&a);
		enum verdict got = !is_whole ? NO
			: a.has_headers      ? TOLERATED
					     : YES;
		check_int(rows[i].name, got, rows[i].verdict);
		armor_release(&a);
	}
}

static void add_base64(struct buf *out, struct slice bytes)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i + 3 <= bytes.len; i += 3) {
		const unsigned char *o = (const unsigned char *)bytes.ptr + i;
		unsigned bits = (unsigned)o[0] << 16 | o[1] << 8 | o[2];
		for (int shift = 18; shift >= 0; shift -= 6)
			buf_add_char(out, alphabet[bits >> shift & 63]);
	}
}

/* The text in lines of 64, but for the first, through both ways. */
static bool is_read_fast(struct slice text, size_t first_len)
{
	AUTO_BUF struct buf wire = BUF_INIT(100000);
	struct armor a;
	int r = 0;

	buf_add_slice(&wire, slice_head(text, first_len));
	buf_add_str(&wire, "\r\n");
	for (text = slice_from(text, first_len); text.len > 0;
		text = slice_from(text, 64)) {
		buf_add_slice(&wire, slice_head(text, 64));
		buf_add_str(&wire, "\r\n");
	}
	armor_init(&a);
	r = armor_line(&a, SLICE("-----BEGIN PGP MESSAGE-----"));
	r = r < 0 ? r : armor_line(&a, SLICE_NONE);
	struct slice rest = buf_slice(&wire), line;
	while (r == 0 && rest.len > 0) {
		rest = slice_from(rest, armor_skip_lines(&a, rest));
		if (slice_next_line(&rest, &line))
			r = armor_line(&a, slice_head(line, line.len - 1));
	}
	r = r < 0 ? r : armor_line(&a, SLICE("-----END PGP MESSAGE-----"));
	bool is_whole = r == 0 && armor_is_complete(&a);
	armor_release(&a);
	return is_whole;
}

/* The fast way loses no packet header, wherever it lies. */
static void test_fast(void)
{
	for (size_t first = 60; first <= 68; first++) {
		for (int n = 12; n < 160; n++) {
			AUTO_BUF struct buf bytes = BUF_INIT(100000);
			AUTO_BUF struct buf text = BUF_INIT(100000);
			buf_add_char(&bytes, '\xc1');
			buf_add_char(&bytes, (char)n);
			buf_add_char(&bytes, 3);
			for (int i = 1; i < n; i++)
				buf_add_char(&bytes, 'x');
			buf_add_slice(&bytes, SLICE("\xd2\xe9\1"));
			for (int i = 1; i < 512; i++)
				buf_add_char(&bytes, (char)(i * 7));
			size_t rest = 3 - (bytes.len + 1) % 3 + 45;
			buf_add_char(&bytes, (char)rest);
			for (size_t i = 0; i < rest; i++)
				buf_add_char(&bytes, '\xff');
			add_base64(&text, buf_slice(&bytes));
			check("read fast",
				is_read_fast(buf_slice(&text), first));
		}
	}
}

int main(void)
{
	test_fast();
	test_openpgp();
	test_keys();
	test_parts();
	test_alphabet();
	test_armor();
	return test_end();
}
