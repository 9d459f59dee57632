/* A plain SMTP client with TLS and a login (smtp.h). */
#include "tests/relay/smtp.h"

#include <errno.h>
#include <string.h>

#include "deltachat/channel.h"

enum {
	REPLY_MS = 30000,
	TEXT_MAX_BYTES = 4096,
};

static void add_base64(struct buf *out, struct slice in)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < in.len; i += 3) {
		unsigned n = 0;
		for (size_t k = 0; k < 3; k++)
			n = n << 8 |
				(i + k < in.len ? (unsigned char)in.ptr[i + k]
						: 0);
		for (size_t k = 0; k < 4; k++)
			buf_add_char(out,
				i + k > in.len
					? '='
					: digits[n >> (18 - 6 * k) & 63]);
	}
}

/* The last line of a reply; returns its code. */
static int read_reply(struct channel *c, struct buf *ret_reply, struct buf *why)
{
	for (;;) {
		struct slice line;
		int r = channel_receive(c, clock_in_ms(REPLY_MS), &line, why);

		if (r < 0)
			return r;
		line = slice_trim(line);
		if (line.len < 3)
			return because(why, -EPROTO, "reply \"%.*s\"",
				SLICE_FMT(line));
		if (line.len > 3 && line.ptr[3] == '-')
			continue;
		buf_reset(ret_reply);
		buf_add_slice(ret_reply, line);
		return (line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 +
			(line.ptr[2] - '0');
	}
}

static int say(struct channel *c, const char *line, struct buf *ret_reply,
	struct buf *why)
{
	AUTO_FREE char *text = xasprintf("%s\r", line);
	int r = channel_send(c, slice_of(text), clock_in_ms(REPLY_MS), why);

	return r < 0 ? r : read_reply(c, ret_reply, why);
}

static int say_mail(struct channel *c, const char *mail, struct buf *ret_reply,
	struct buf *why)
{
	struct slice rest = slice_of(mail), line;
	int r = 0;

	while (r == 0 && slice_next_line(&rest, &line)) {
		AUTO_FREE char *text = xasprintf("%.*s\r", SLICE_FMT(line));
		r = channel_send(c, slice_of(text), clock_in_ms(REPLY_MS), why);
	}
	return r < 0 ? r : say(c, ".", ret_reply, why);
}

static char *auth_command(const struct smtp_login *login)
{
	AUTO_BUF struct buf token = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf command = BUF_INIT(TEXT_MAX_BYTES);

	buf_add_char(&token, '\0');
	buf_add_str(&token, login->address);
	buf_add_char(&token, '\0');
	buf_add_str(&token, login->password);
	buf_add_str(&command, "AUTH PLAIN ");
	add_base64(&command, buf_slice(&token));
	return buf_take(&command);
}

static int converse(struct channel *c, const struct smtp_login *login,
	const char *recipient, const char *mail, struct buf *ret_reply,
	struct buf *why)
{
	AUTO_FREE char *auth = auth_command(login);
	AUTO_FREE char *from = xasprintf("MAIL FROM:<%s>", login->address);
	AUTO_FREE char *to = xasprintf("RCPT TO:<%s>", recipient);
	const char *const commands[] = { "EHLO plain.test", auth, from, to,
		"DATA" };
	int code = read_reply(c, ret_reply, why);

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (code < 0 || code >= 400)
			return code;
		code = say(c, commands[i], ret_reply, why);
	}
	if (code < 0 || code >= 400)
		return code;
	return say_mail(c, mail, ret_reply, why);
}

int smtp_send(const struct smtp_login *login, const char *recipient,
	const char *mail, struct buf *ret_reply, struct buf *why)
{
	AUTO_FREE char *server = xasprintf("%s:465", login->host);
	const char *const argv[] = { "/usr/bin/openssl", "s_client", "-quiet",
		"-connect", server, NULL };
	struct channel_command command = {
		.argv = argv,
		.log_path = login->log_path,
	};
	struct channel *c;
	int r = channel_start(&command, &c, why);

	if (r < 0)
		return r;
	r = converse(c, login, recipient, mail, ret_reply, why);
	/* The server hangs up, then; so openssl ends. */
	if (r > 0)
		r = channel_send(
			c, SLICE("QUIT\r"), clock_in_ms(REPLY_MS), why);
	channel_stop(c, 1000);
	return r < 0 ? r : 0;
}
