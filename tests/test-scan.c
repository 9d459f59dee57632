/* Unit tests of mail/scan.h. */
#include "mail/scan.h"

#include <dirent.h>

#include "lib/file.h"
#include "tests/scan-judge.h"
#include "tests/test.h"

enum {
	MESSAGE_MAX = 8 * 1024 * 1024,
	RANDOM_RUNS = 8,
};

/* The outcome, after checking that the way of cutting changes nothing. */
static void judge_all_ways(
	const char *name, struct slice message, struct buf *out)
{
	judge(message, chunk_whole, NULL, out);
	for (unsigned i = 0; i <= RANDOM_RUNS; i++) {
		AUTO_BUF struct buf again = BUF_INIT(MESSAGE_MAX);
		unsigned seed = i;
		judge(message, i ? chunk_random : chunk_one, &seed, &again);
		check_slice(name, buf_slice(&again), buf_slice(out));
	}
}

static void check_message(
	const char *name, struct slice message, const char *want)
{
	AUTO_BUF struct buf got = BUF_INIT(MESSAGE_MAX);

	judge_all_ways(name, message, &got);
	check_str(name, buf_str(&got), want);
}

/* Lines that end in LF, as lines on the wire. */
static void add_wire(struct buf *out, struct slice text)
{
	struct slice line;

	while (slice_next_line(&text, &line)) {
		buf_add_slice(out, line);
		buf_add_str(out, "\r\n");
	}
}

/* `text` with its first `find` replaced; a find that is not there fails. */
static void check_change(const char *text, const char *name, const char *find,
	const char *put, const char *want)
{
	AUTO_BUF struct buf changed = BUF_INIT(MESSAGE_MAX);
	AUTO_BUF struct buf wire = BUF_INIT(MESSAGE_MAX);
	const char *at = strstr(text, find);

	check(name, at != NULL);
	if (!at)
		return;
	buf_add(&changed, text, (size_t)(at - text));
	buf_add_str(&changed, put);
	buf_add_str(&changed, at + strlen(find));
	add_wire(&wire, buf_slice(&changed));
	check_message(name, buf_slice(&wire), want);
}

struct change {
	const char *name;
	const char *find;
	const char *put;
	const char *want;
};

#define DATA                                                                   \
	"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTvvj\n"

static const char long_data[] =
	"0r4B9co490ih1ur3JrikL7V1w8cfGGSoFDMBeC3hPaLZICtvS2YSEl+zoNrs0nmd\n"
	"/WycKZQk/ZIPmzCBEKLB+9j0Q3hfPsfrMvMLkM0PzzZX04i1/0KX8vlxb/Zum2nA\n"
	"Xd0JU1+jDX4l3YpJ8VNneXNOyChhCNEV2lBF1387QYXY95DCNWBp6dHnnKkkN4FT\n"
	"z7v7TUQWsfmdQaKUC/22bFMZ27elaHPNdx8sRG02m2SUMLZadWuieP+X7IG7b1Wy\n";

static const char encrypted[] =
	"From: <a@b>\n"
	"MIME-Version: 1.0\n"
	"Content-Type: multipart/encrypted; "
	"protocol=\"application/pgp-encrypted\"; \n\tboundary=\"XX\"\n"
	"To: \"hidden-recipients\": ;\n"
	"\n"
	"\n"
	"--XX\n"
	"Content-Type: application/pgp-encrypted; charset=\"utf-8\"\n"
	"Content-Transfer-Encoding: 7bit\n"
	"\n"
	"Version: 1\n"
	"\n"
	"--XX\n"
	"Content-Type: application/octet-stream; charset=\"utf-8\"\n"
	"Content-Transfer-Encoding: 7bit\n"
	"\n"
	"-----BEGIN PGP MESSAGE-----\n"
	"\n"
	"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTvvj\n"
	"=abcd\n"
	"-----END PGP MESSAGE-----\n"
	"\n"
	"--XX--\n"
	"\n";

static const struct change encrypted_rows[] = {
	{ "as it is", "", "", "E a@b" },
	{ "no preamble line", "\n\n--XX", "\n--XX", "E a@b" },
	{ "no epilogue line", "--XX--\n\n", "--XX--\n", "E a@b" },
	{ "bare parts", "Content-Transfer-Encoding: 7bit\n", "", "E a@b" },
	{ "8bit", "7bit", "8Bit", "E a@b" },
	{ "old core's part header", "Content-Transfer-Encoding: 7bit\n",
		"Content-Description: PGP/MIME version identification\n",
		"E a@b" },
	{ "upper case", "multipart/encrypted", "Multipart/ENCRYPTED", "E a@b" },
	{ "field name in upper case", "Content-Type: m", "CONTENT-TYPE: m",
		"E a@b" },
	{ "no MIME-Version", "MIME-Version: 1.0\n", "", "E a@b" },
	{ "stuffed dot before a delimiter", "\n--XX\n", "\n.--XX\n", "E a@b" },
	{ "armor header", "MESSAGE-----\n", "MESSAGE-----\nVersion: x\n",
		"e a@b" },
	{ "odd part field", "Version: 1\n", "Version: 1\n", "E a@b" },
	/* Postfix drops it from outgoing mail. */
	{ "odd field in a part", "Content-Transfer-Encoding: 7bit\n",
		"X-Text: hi\n", "E a@b" },
	{ "closed with blanks", "--XX--\n", "--XX-- \t\n", "E a@b" },

	{ "fixed preamble", "\n\n--XX",
		"\n\nThis is an OpenPGP/MIME encrypted message (RFC 4880 and "
		"3156)\n--XX",
		"E a@b" },
	{ "two preambles", "\n\n--XX",
		"\n\nThis message is in MIME format.\n"
		"This message is in MIME format.\n--XX",
		"- a@b" },
	{ "blank lines", "\n\n--XX",
		"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n--XX",
		"e a@b" },
	{ "blanks", "--XX--\n", "--XX--\n     \n", "e a@b" },
	{ "name of a part", "octet-stream; charset=\"utf-8\"",
		"octet-stream; name=\"encrypted.asc\"", "E a@b" },
	{ "name that says something", "octet-stream; charset=\"utf-8\"",
		"octet-stream; name=\"call me at five\"", "e a@b" },
	{ "part type's parameter", "octet-stream; charset=\"utf-8\"",
		"octet-stream; x=\"call me\"", "e a@b" },
	{ "type's parameter", "boundary=\"XX\"", "boundary=\"XX\"; x=hi",
		"e a@b" },
	{ "file name", "Content-Transfer-Encoding: 7bit\n",
		"Content-Disposition: inline; filename=\"msg.asc\"\n",
		"E a@b" },
	{ "file name that says something", "Content-Transfer-Encoding: 7bit\n",
		"Content-Disposition: inline; filename=\"hi you.asc\"\n",
		"e a@b" },
	{ "quoted-printable first part", "7bit", "quoted-printable", "e a@b" },
	{ "base64 first part", "7bit\n\nVersion: 1\n",
		"base64\n\nVmVyc2lvbjogMQ==\n", "e a@b" },
	{ "base64 of text", "7bit\n\nVersion: 1\n",
		"base64\n\nVmVyc2lvbjogMgo=\n", "- a@b" },
	{ "long date", "MIME-Version: 1.0\n",
		"Date: 0123456789012345678901234567890123456789012345678901234"
		"56789012345678901234567890\n",
		"e a@b" },
	{ "letters that are a text", DATA,
		"0r8BZGVhcitjdXN0b21lcit5b3VyK3BhcmNlbCt3YWl0cytmb3IreW91K2F0\n"
		"Dear+customer/"
		"your+parcel+waits+for+you+at+the+station+call+us\n"
		"Dear+customer/"
		"your+parcel+waits+for+you+at+the+station+call+us\n"
		"Dear+customer/"
		"your+parcel+waits+for+you+at+the+station+call+us\n"
		"NowNowNow\n",
		"- a@b" },

	{ "not multipart/encrypted", "multipart/encrypted", "multipart/mixed",
		"- a@b" },
	{ "multipart/alternative", "multipart/encrypted",
		"multipart/alternative", "- a@b" },
	{ "no boundary", "boundary=\"XX\"", "x=y", "- a@b" },
	{ "other boundary", "boundary=\"XX\"", "boundary=\"X\"", "- a@b" },
	{ "boundary twice", "boundary=\"XX\"", "boundary=XX;boundary=XX",
		"- a@b" },
	{ "continued boundary", "boundary=\"XX\"", "boundary*0=X;boundary*1=X",
		"- a@b" },
	{ "comment", "boundary=\"XX\"", "boundary=XX (boundary=YY)", "- a@b" },
	{ "two types", "MIME-Version: 1.0\n", "Content-type: text/plain\n",
		"- a@b" },
	{ "two types behind each other", "To: \"hidden-recipients\": ;\n",
		"Content-Type: text/html\n", "- a@b" },
	{ "top encoding", "MIME-Version: 1.0\n",
		"Content-Transfer-Encoding: base64\n", "- a@b" },
	{ "top encoding twice", "MIME-Version: 1.0\n",
		"Content-Transfer-Encoding: 7bit\n"
		"Content-Transfer-Encoding: base64\n",
		"- a@b" },
	{ "top encoding twice, well at last", "MIME-Version: 1.0\n",
		"Content-Transfer-Encoding: base64\n"
		"Content-Transfer-Encoding: 7bit\n",
		"- a@b" },
	{ "preamble text", "\n\n--XX", "\n\nhi\n--XX", "- a@b" },
	{ "preamble text, stuffed", "\n\n--XX", "\n\n..\n--XX", "- a@b" },
	{ "epilogue text", "--XX--\n", "--XX--\nhi\n", "- a@b" },
	{ "epilogue part", "--XX--\n",
		"--XX--\n\n--XX\nContent-Type: text/plain\n\nhi\n--XX--\n",
		"- a@b" },
	{ "not closed", "--XX--\n", "", "- a@b" },
	{ "closed too early", "--XX\nContent-Type: application/octet",
		"--XX--\nContent-Type: application/octet", "- a@b" },
	{ "third part", "--XX--\n", "--XX\n\nhi\n--XX--\n", "- a@b" },
	{ "third part, empty", "--XX--\n", "--XX\n--XX--\n", "- a@b" },
	{ "delimiter with a tail", "--XX--\n", "--XXY\nhi\n--XX--\n", "- a@b" },
	{ "close with a tail", "--XX--\n", "--XX--hi\n", "- a@b" },
	{ "close with a tail, then close", "--XX--\n", "--XX--hi\n--XX--\n",
		"- a@b" },
	{ "text with the first delimiter", "--XX\n", "--XX hi\n", "- a@b" },
	{ "text part first", "--XX\n",
		"--XX\nContent-Type: text/plain\n\nhi\n--XX\n", "- a@b" },
	{ "parts in wrong order", "application/pgp-encrypted; c",
		"application/octet-stream; c", "- a@b" },
	{ "text part", "application/octet-stream", "text/plain", "- a@b" },
	{ "nested multipart", "application/octet-stream; charset=\"utf-8\"",
		"multipart/mixed; boundary=YY", "- a@b" },
	{ "untyped part",
		"Content-Type: application/octet-stream; charset=\"utf-8\"\n",
		"", "- a@b" },
	{ "part typed twice",
		"Content-Type: application/octet-stream; charset=\"utf-8\"\n",
		"Content-Type: application/octet-stream\n"
		"Content-Type: text/plain\n",
		"- a@b" },
	{ "part typed twice, well at last",
		"Content-Type: application/octet-stream; charset=\"utf-8\"\n",
		"Content-Type: text/plain\n"
		"Content-Type: application/octet-stream\n",
		"- a@b" },
	{ "part encoded twice, well at last", "7bit\n\n-",
		"base64\nContent-Transfer-Encoding: 7bit\n\n-", "- a@b" },
	{ "first part only",
		"--XX\n"
		"Content-Type: application/octet-stream; charset=\"utf-8\"\n"
		"Content-Transfer-Encoding: 7bit\n"
		"\n"
		"-----BEGIN PGP MESSAGE-----\n"
		"\n"
		"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTv"
		"vj\n"
		"=abcd\n"
		"-----END PGP MESSAGE-----\n"
		"\n",
		"", "- a@b" },
	{ "part encoded", "7bit\n\n-", "base64\n\n-", "- a@b" },
	{ "part encoded 2", "7bit\n\n-", "quoted-printable\n\n-", "- a@b" },
	{ "part of unknown encoding", "7bit\n\n-", "x-uuencode\n\n-", "- a@b" },
	{ "part encoded twice", "7bit\n\n-",
		"7bit\nContent-Transfer-Encoding: base64\n\n-", "- a@b" },
	{ "version with text", "Version: 1\n", "Version: 1\nhi\n", "- a@b" },
	{ "version twice", "Version: 1\n", "Version: 1\nVersion: 1\n",
		"- a@b" },
	{ "other version", "Version: 1\n", "Version: 2\n", "- a@b" },
	{ "version in lower case", "Version: 1\n", "version: 1\n", "- a@b" },
	{ "no version", "Version: 1\n", "", "- a@b" },
	{ "version in the header", "7bit\n\nVersion: 1\n", "7bit\nVersion: 1\n",
		"- a@b" },
	{ "text before the armor", "-----BEGIN", "hi\n-----BEGIN", "- a@b" },
	{ "text after the armor", "MESSAGE-----\n\n--XX--",
		"MESSAGE-----\nhi\n--XX--", "- a@b" },
	{ "text in the armor",
		"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTv"
		"vj\n",
		"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTv"
		"vj\nhello\n",
		"- a@b" },
	{ "second armor", "MESSAGE-----\n\n--XX--",
		"MESSAGE-----\n-----BEGIN PGP "
		"MESSAGE-----"
		"\n\n0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0o"
		"aMTvvj\n"
		"-----END PGP MESSAGE-----\n--XX--",
		"- a@b" },
	{ "armor of text",
		"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTv"
		"vj\n",
		"aGVsbG8K\n", "- a@b" },
	{ "armor cut by a delimiter", "=abcd\n", "--XX\n", "- a@b" },
	{ "no armor",
		"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTv"
		"vj\n",
		"", "- a@b" },
	{ "dot in the armor",
		"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTv"
		"vj\n",
		".."
		"0i4BSkTcFTZCBKgP6A6QOUVcwWCCgYIP4rJPHlIzreavHdVPyCsmrstH0oaMTv"
		"vj\n",
		"- a@b" },
	{ "malformed part header", "Content-Transfer-Encoding: 7bit\n",
		"hello world\n", "- a@b" },
	{ "long part header", "Content-Transfer-Encoding: 7bit\n",
		"A: a\nA: a\nA: a\nA: a\nA: a\nA: a\nA: a\nA: a\nA: a\n"
		"A: a\nA: a\nA: a\nA: a\nA: a\nA: a\nA: a\n",
		"- a@b" },
	{ "boundary that begins the armor", "boundary=\"XX\"",
		"boundary=\"---BEGIN\"", "- a@b" },
	{ "header without end", "\n\n\n--XX", "\n--XX",
		"- (header with a line that is not a field)" },
	{ "blank before a colon", "MIME-Version:", "MIME-Version :",
		"- (header with a line that is not a field)" },
	{ "no From", "From:", "Form:", "E (no From field)" },
	{ "two From", "MIME-Version: 1.0\n", "From: <c@d>\n",
		"- (more than one From field)" },
	{ "list in From", "<a@b>", "<a@b>, <c@d>",
		"E (From is not exactly one mailbox)" },
	{ "lone dot", "\n\n--XX", "\n.\n\n--XX",
		"lone dot inside the message a@b" },
};

static const char securejoin[] =
	"From: A <a@b>\n"
	"Content-Type: multipart/mixed; \n\tboundary=\"XX\"\n"
	"Secure-Join: vc-request\n"
	"Secure-Join-Invitenumber: x\n"
	"\n"
	"\n"
	"--XX\n"
	"Content-Type: text/plain; charset=\"utf-8\"\n"
	"Content-Transfer-Encoding: 7bit\n"
	"\n"
	"Secure-Join: vc-request\n"
	"--XX--\n"
	"\n";

static const struct change securejoin_rows[] = {
	{ "securejoin", "", "", "S a@b" },
	{ "vg", "Secure-Join: vc-request", "Secure-Join: vg-request", "S a@b" },
	{ "vg text", "\n\nSecure-Join: vc", "\n\nSecure-Join: vg", "S a@b" },
	{ "case and blanks", "\n\nSecure-Join: vc-request\n",
		"\n\n \n  secure-join: VC-Request \n\n", "S a@b" },
	{ "other step", "Secure-Join: vc-request",
		"Secure-Join: vc-request-with-auth", "- a@b" },
	{ "no field", "Secure-Join: vc-request\n", "", "- a@b" },
	{ "field twice", "Secure-Join: vc-request\n",
		"Secure-Join: vc-request\nSecure-Join: vc-request\n", "- a@b" },
	{ "more text", "vc-request\n--", "vc-request\nhi\n--", "- a@b" },
	{ "other text", "\n\nSecure-Join: vc-request", "\n\nhi", "- a@b" },
	{ "text twice", "vc-request\n--",
		"vc-request\nSecure-Join: vc-request\n--", "- a@b" },
	{ "no text", "\n\nSecure-Join: vc-request\n", "\n\n", "- a@b" },
	{ "html", "text/plain", "text/html", "- a@b" },
	{ "second part", "--XX--",
		"--XX\nContent-Type: text/plain\n\n"
		"Secure-Join: vc-request\n--XX--",
		"- a@b" },
	{ "encoded", "7bit", "quoted-printable", "- a@b" },
	{ "text as field", "Content-Transfer-Encoding: 7bit", "X-Text: hello",
		"S a@b" },
	{ "text as parameter", "charset=\"utf-8\"", "x=hello", "- a@b" },
	{ "epilogue", "--XX--\n", "--XX--\nhi\n", "- a@b" },
	{ "multipart/encrypted", "multipart/mixed", "multipart/encrypted",
		"- a@b" },
};

/* As core 2.59 writes it. */
static const char request[] = "From: A <a@b>\n"
			      "Content-Type: text/plain; charset=utf-8\n"
			      "Secure-Join: vg-request\n"
			      "\n"
			      "Secure-Join: vg-request\n";

static const struct change request_rows[] = {
	{ "request", "", "", "S a@b" },
	{ "other line", "\n\nSecure-Join: vg-request\n", "\n\nhi\n", "- a@b" },
	{ "second line", "request\n\nSecure", "request\n\nhi\nSecure",
		"- a@b" },
	{ "request without its field", "Secure-Join: vg-request\n\n", "\n",
		"- a@b" },
	{ "request, html", "text/plain", "text/html", "- a@b" },
	{ "request, empty", "\n\nSecure-Join: vg-request\n", "\n\n", "- a@b" },
};

static const char bounce[] =
	"From: MAILER-DAEMON@mx.example.org (Mail Delivery System)\n"
	"Auto-Submitted: auto-replied\n"
	"Content-Type: multipart/report; report-type=delivery-status;\n"
	"\tboundary=\"A.1/mx\"\n"
	"\n"
	"This is a MIME-encapsulated message.\n";

static const struct change bounce_rows[] = {
	{ "bounce", "", "", "B MAILER-DAEMON@mx.example.org" },
	{ "not automatic", "Auto-Submitted", "X-Auto-Submitted",
		"- MAILER-DAEMON@mx.example.org" },
	{ "by a person", "MAILER-DAEMON", "alice", "- alice@mx.example.org" },
	{ "name only", "MAILER-DAEMON@mx", "mailer-daemon",
		"- (From holds no usable address)" },
	{ "by the postmaster", "MAILER-DAEMON", "postmaster",
		"B postmaster@mx.example.org" },
	{ "no report", "multipart/report", "text/plain",
		"- MAILER-DAEMON@mx.example.org" },
	{ "type twice", "Auto-Submitted: auto-replied\n",
		"Auto-Submitted: auto-replied\nContent-Type: text/plain\n",
		"- MAILER-DAEMON@mx.example.org" },
};

static void check_changes(const char *text, const struct change *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_change(text, rows[i].name, rows[i].find, rows[i].put,
			rows[i].want);
}

static void test_wire(void)
{
	static const struct {
		struct slice message;
		const char *want;
	} rows[] = {
		{ SLICE(""), "- (no From field)" },
		{ SLICE("\r\n"), "- (no From field)" },
		{ SLICE("From: a@b\r\n"), "- a@b" },
		{ SLICE("From: a@b\r\n\r\n..\r\n.x\r\n"), "- a@b" },
		{ SLICE("From: a@b\r\n\r\nhi"),
			"last line without <CR><LF> "
			"a@b" },
		{ SLICE("From: a@b\r\n\r\nhi\r"),
			"last line without <CR><LF> "
			"a@b" },
		{ SLICE("From: a@b\r\n\r\nhi\n"), "bare <LF> received a@b" },
		{ SLICE("From: a@b\r\n\r\n\n.\n"), "bare <LF> received a@b" },
		{ SLICE("From: a@b\r\n\r\nh\ri\r\n"),
			"bare <CR> received "
			"a@b" },
		{ SLICE("From: a@b\r\n\r\n\r\r\n"), "bare <CR> received a@b" },
		{ SLICE("From: a@b\r\n\r\nx\r.\r\n"),
			"bare <CR> received "
			"a@b" },
		{ SLICE("From: a@b\r\n\r\nh\0i\r\n"), "NUL byte received a@b" },
		{ SLICE("From: a@b\r\n\r\n\0\r\n"), "NUL byte received a@b" },
		{ SLICE("From: a@b\r\n\r\nx\r\n.\r\nQUIT\r\n"),
			"lone dot inside the message a@b" },
		{ SLICE("From: a@b\nTo: x\r\n\r\n"),
			"bare <LF> received (no "
			"From field)" },
		{ SLICE("\n"), "bare <LF> received (no From field)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_message(rows[i].want, rows[i].message, rows[i].want);
}

/* `n` times x in a line, behind `head`. */
static void check_long_line(
	const char *name, const char *head, size_t n, const char *want)
{
	AUTO_BUF struct buf message = BUF_INIT(MESSAGE_MAX);

	buf_add_str(&message, "From: a@b\r\n\r\n");
	buf_add_str(&message, head);
	while (n-- > 0)
		buf_add_char(&message, 'x');
	buf_add_str(&message, "\r\n");
	check_message(name, buf_slice(&message), want);
}

static void check_long_field(const char *name, size_t n, const char *want)
{
	AUTO_BUF struct buf message = BUF_INIT(MESSAGE_MAX);

	buf_addf(&message, "From: a@b\r\nA:%0*d\r\n\r\n", (int)n, 0);
	check_message(name, buf_slice(&message), want);
}

static void test_long_lines(void)
{
	static const char too_long[] = "line longer than 998 bytes a@b";

	check_long_line("998", "", 998, "- a@b");
	check_long_line("999", "", 999, too_long);
	check_long_line("998 stuffed", "..", 997, "- a@b");
	check_long_line("999 stuffed", "..", 998, too_long);
	check_long_line("100000", "", 100000, too_long);
	check_long_field("8190", 8190, "- a@b");
	check_long_field("8191", 8191,
		"header line longer than 8192 bytes (no From "
		"field)");
}

static void test_large_header(void)
{
	AUTO_BUF struct buf message = BUF_INIT(MESSAGE_MAX);

	buf_add_str(&message, "From: a@b\r\n");
	for (int i = 0; i < MESSAGE_HEADER_MAX_FIELDS - 1; i++)
		buf_add_str(&message, "A: b\r\n");
	check_message("1000 fields", buf_slice(&message), "- a@b");
	buf_add_str(&message, "A: b\r\n");
	check_message(
		"1001 fields", buf_slice(&message), "header too large a@b");
	buf_reset(&message);
	buf_add_str(&message, "From: a@b\r\n");
	for (int i = 0; i < 1500; i++)
		buf_addf(&message, "%s%0100d\r\n", i ? " " : "A: ", 0);
	check_message("150 KB", buf_slice(&message), "header too large a@b");
}

/* A body of several lines, with each byte of it damaged in turn. */
static void test_damage(void)
{
	static const char damage[] = { '*', '=', '\r', '\n', '\0', '.', ' ' };
	AUTO_BUF struct buf text = BUF_INIT(MESSAGE_MAX);
	AUTO_BUF struct buf wire = BUF_INIT(MESSAGE_MAX);
	const char *data = strstr(encrypted, "0i4B");

	/* A body of 190 octets: three lines of 64 and one of 64. */
	buf_add(&text, encrypted, (size_t)(data - encrypted));
	buf_add_str(&text, long_data);
	buf_add_str(&text, data + strlen(DATA));
	add_wire(&wire, buf_slice(&text));
	check_message("not damaged", buf_slice(&wire), "E a@b");
	char *at = strstr(wire.ptr, "0r4B");
	char *end = strstr(wire.ptr, "=abcd");
	for (; at < end; at++) {
		char c = *at;
		for (size_t i = 0; i < sizeof(damage); i++) {
			if (damage[i] == c)
				continue;
			*at = damage[i];
			AUTO_BUF struct buf got = BUF_INIT(4096);
			judge_all_ways("damaged", buf_slice(&wire), &got);
			check("damaged", got.ptr[0] != 'E');
		}
		*at = c;
	}
}

/* Faults are seen with the byte that makes them. */
static void test_at_once(void)
{
	static const struct {
		const char *name;
		struct slice good;
		struct slice bad;
	} rows[] = {
		{ "bare LF", SLICE("From: a@b"), SLICE("\n") },
		{ "bare CR", SLICE("From: a@b\r"), SLICE("x") },
		{ "NUL", SLICE("From: a@b"), SLICE("\0") },
		{ "lone dot", SLICE("\r\n.\r"), SLICE("\n") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct message_scan s;
		message_scan_init(&s);
		message_scan_feed(&s, rows[i].good);
		check(rows[i].name, !message_scan_broken(&s));
		message_scan_feed(&s, rows[i].bad);
		check(rows[i].name, message_scan_broken(&s));
		message_scan_feed(&s, SLICE("more\r\n"));
		message_scan_end(&s);
		check(rows[i].name, message_scan_broken(&s));
		message_scan_release(&s);
		message_scan_release(&s);
	}
}

static void test_before_end(void)
{
	AUTO_BUF struct buf wire = BUF_INIT(MESSAGE_MAX);
	struct message_scan s;

	add_wire(&wire, slice_of(encrypted));
	message_scan_init(&s);
	message_scan_feed(&s, buf_slice(&wire));
	check("no verdict before the end", message_scan_fault(&s, false));
	message_scan_end(&s);
	check("the verdict", !message_scan_fault(&s, false));
	message_scan_release(&s);
}

/* What real clients sent: the name says what each is. */
static void test_sample(const char *folder, const char *name)
{
	AUTO_BUF struct buf path = BUF_INIT(4096);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf message = BUF_INIT(MESSAGE_MAX);
	AUTO_BUF struct buf got = BUF_INIT(4096);

	buf_addf(&path, "%s/%s", folder, name);
	int r = file_read(buf_str(&path), &message, &why);
	check_str(name, buf_str(&why), "");
	check_int(name, r, 0);
	judge_all_ways(name, buf_slice(&message), &got);
	bool is_encrypted = strstr(name, "-encrypted.eml");
	check_slice(name, slice_head(buf_slice(&got), 2),
		is_encrypted ? SLICE("E ") : SLICE("S "));
	check(name, slice_has_char(buf_slice(&got), '@'));
}

static void test_samples(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	check("folder of samples", dir);
	if (!dir)
		return;
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (!slice_ends(slice_of(e->d_name), SLICE(".eml")))
			continue;
		test_sample(folder, e->d_name);
		n++;
	}
	closedir(dir);
	check_int("samples", n, 18);
}

/* Memory does not grow with connections that wait for a message. */
static void test_size(void)
{
	struct message_scan s;

	message_scan_init(&s);
	check("nothing allocated", !s.line.ptr && !s.header.value.ptr);
	check("small", sizeof(s) <= 512);
	message_scan_release(&s);
}

int main(void)
{
	check_changes(encrypted, encrypted_rows, ARRAY_LEN(encrypted_rows));
	check_changes(securejoin, securejoin_rows, ARRAY_LEN(securejoin_rows));
	check_changes(request, request_rows, ARRAY_LEN(request_rows));
	check_changes(bounce, bounce_rows, ARRAY_LEN(bounce_rows));
	test_wire();
	test_long_lines();
	test_large_header();
	test_damage();
	test_at_once();
	test_before_end();
	test_size();
	test_samples(SAMPLES_DIR);
	return test_end();
}
