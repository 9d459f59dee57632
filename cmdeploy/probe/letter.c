/* Makes messages and sends them (letter.h). */
#include "cmdeploy/probe/letter.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include "lib/random.h"

enum {
	LETTER_MAX_BYTES = 256 << 20,
	LINE_BYTES = 57, /* 76 characters of base64 */
	LINE_CHARS = 76,
	LINES_MIN = 6,
	LINES_HEAD = 2, /* that hold what is not random */
	PKESK_BYTES = 96,
	PKESK_POINT_AT = 11,
	PKESK_WRAPPED_AT = 47,
	SEIPD_HEAD_BYTES = 6,
	CODE_BUSY = 450,
	WAIT_SEC = 5,
	WAITS_MAX = 14,
};

static const char sealed_head[] =
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/encrypted; boundary=\"b\";\r\n"
	" protocol=\"application/pgp-encrypted\"\r\n\r\n"
	"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
	"Version: 1\r\n\r\n"
	"--b\r\nContent-Type: application/octet-stream\r\n\r\n"
	"-----BEGIN PGP MESSAGE-----\r\n\r\n";
static const char sealed_end[] = "-----END PGP MESSAGE-----\r\n\r\n--b--\r\n";

static void add_line(struct buf *out, const unsigned char bytes[LINE_BYTES])
{
	char line[LINE_CHARS + 1];

	EVP_EncodeBlock((unsigned char *)line, bytes, LINE_BYTES);
	buf_add(out, line, LINE_CHARS);
	buf_add_str(out, "\r\n");
}

/* A session key for nobody: packet 1, version 3, ECDH, RFC 9580 11.5. */
static const unsigned char pkesk_head[] = { 0xc1, PKESK_BYTES - 2, 3 };
static const unsigned char pkesk_point[] = { 18, 0x01, 0x07, 0x40 };
/* Encrypted data, packet 18, with a length of four octets: version 1. */
static const unsigned char seipd_head[] = { 0xd2, 0xff };

/* Random bytes with what has a form at its place; the data end the lines. */
static void add_armor(struct buf *out, size_t n_lines)
{
	unsigned char bytes[LINES_HEAD * LINE_BYTES];
	unsigned char *seipd = bytes + PKESK_BYTES;
	uint32_t body = (uint32_t)(n_lines * LINE_BYTES) - PKESK_BYTES -
		SEIPD_HEAD_BYTES;

	arc4random_buf(bytes, sizeof(bytes));
	memcpy(bytes, pkesk_head, sizeof(pkesk_head));
	memcpy(bytes + PKESK_POINT_AT, pkesk_point, sizeof(pkesk_point));
	bytes[PKESK_WRAPPED_AT] = PKESK_BYTES - PKESK_WRAPPED_AT - 1;
	memcpy(seipd, seipd_head, sizeof(seipd_head));
	for (int i = 0; i < 4; i++)
		seipd[2 + i] = (unsigned char)(body >> (24 - 8 * i));
	seipd[SEIPD_HEAD_BYTES] = 1;
	for (size_t i = 0; i < n_lines; i++) {
		if (i >= LINES_HEAD)
			arc4random_buf(bytes, LINE_BYTES);
		add_line(out, i < LINES_HEAD ? bytes + i * LINE_BYTES : bytes);
	}
}

static void add_head(struct buf *out, const struct letter *l, size_t n_padding)
{
	AUTO_BUF struct buf id = BUF_INIT(64);

	random_add_text(&id, "abcdefghijklmnop", 16);
	buf_addf(out, "From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\n", l->from,
		l->to, l->subject ? l->subject : "[...]");
	buf_addf(out,
		"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
		"Message-ID: <%s",
		l->id ? l->id : buf_str(&id));
	for (size_t i = 0; i < n_padding; i++)
		buf_add_char(out, 'x');
	buf_addf(out, "@localhost>\r\n%s", l->headers ? l->headers : "");
}

/* What whole lines of base64 do not fill goes into the Message-ID. */
static void add_sealed(struct buf *out, const struct letter *l)
{
	AUTO_BUF struct buf head = BUF_INIT(1 << 16);
	size_t n_lines = LINES_MIN, n_padding = 0;

	add_head(&head, l, 0);
	size_t rest = head.len + strlen(sealed_head) + strlen(sealed_end);
	if (l->bytes > rest + LINES_MIN * (LINE_CHARS + 2)) {
		n_lines = (l->bytes - rest) / (LINE_CHARS + 2);
		n_padding = (l->bytes - rest) % (LINE_CHARS + 2);
	}
	add_head(out, l, n_padding);
	buf_add_str(out, sealed_head);
	add_armor(out, n_lines);
	buf_add_str(out, sealed_end);
}

void letter_add(struct buf *out, const struct letter *letter)
{
	if (!letter->is_clear) {
		add_sealed(out, letter);
		return;
	}
	add_head(out, letter, 0);
	buf_add_str(out,
		"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
		"This tries whether a relay lets cleartext out.\r\n");
}

int letter_send(struct mail *m, const char *sender, const char *recipient,
	const struct letter *letter, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(LETTER_MAX_BYTES);
	AUTO_FREE char *from = xasprintf("MAIL FROM:<%s>", sender);
	AUTO_FREE char *to = xasprintf("RCPT TO:<%s>", recipient);
	const char *const commands[] = { from, to, "DATA" };

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		int code = mail_smtp(m, why, commands[i]);
		if (code >= 400 && mail_reset(m) < 0)
			return mail_refused(m, -EPROTO, why);
		if (code < 0 || code >= 400)
			return code;
	}
	letter_add(&text, letter);
	int r = wire_send(&m->wire, buf_slice(&text), why);
	return r < 0 ? r : mail_smtp(m, why, ".");
}

int letter_deliver(struct mail *m, const char *sender, const char *recipient,
	const struct letter *letter, struct buf *why)
{
	const struct timespec pause = { .tv_sec = WAIT_SEC };
	int code = letter_send(m, sender, recipient, letter, why);

	m->n_limited += code == CODE_BUSY;
	for (int i = 0; code == CODE_BUSY && i < WAITS_MAX; i++) {
		nanosleep(&pause, NULL);
		code = letter_send(m, sender, recipient, letter, why);
	}
	if (code < 0 || code == 250)
		return code < 0 ? code : 0;
	return mail_refused(m, -EPROTO, why);
}
