/* Reads replies of an SMTP server (smtp-reply.h). */
#include "mail/smtp-reply.h"

#include <errno.h>
#include <string.h>

enum {
	CODE_BYTES = 3,
};

static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_control(s.ptr[i]) && s.ptr[i] != '\t')
			return false;
	return true;
}

/* 200 to 599, or -EPROTO. */
static int line_code(struct slice line)
{
	if (line.len < CODE_BYTES || line.ptr[0] < '2' || line.ptr[0] > '5' ||
		!ascii_is_digit(line.ptr[1]) || !ascii_is_digit(line.ptr[2]))
		return -EPROTO;
	return (line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 +
		line.ptr[2] - '0';
}

/* 1: the last line; 0: another follows; or -EPROTO. `line` has no CRLF. */
static int parse_line(struct slice line, int *code)
{
	int this_code = line_code(line);

	if (this_code < 0 || (*code && this_code != *code) || !is_text(line))
		return -EPROTO;
	*code = this_code;
	if (line.len == CODE_BYTES || line.ptr[CODE_BYTES] == ' ')
		return 1;
	return line.ptr[CODE_BYTES] == '-' ? 0 : -EPROTO;
}

ssize_t smtp_reply_parse(struct slice in, struct smtp_reply *ret_reply)
{
	struct slice rest = slice_head(in, SMTP_REPLY_MAX_BYTES);
	int code = 0;

	for (;;) {
		const char *lf = memchr(rest.ptr, '\n', rest.len);
		if (!lf)
			return in.len < SMTP_REPLY_MAX_BYTES ? 0 : -EPROTO;
		size_t len = (size_t)(lf - rest.ptr);
		if (len == 0 || lf[-1] != '\r')
			return -EPROTO;
		int r = parse_line(slice_head(rest, len - 1), &code);
		if (r < 0)
			return r;
		rest = slice_from(rest, len + 1);
		if (r == 0)
			continue;
		size_t used = (size_t)(rest.ptr - in.ptr);
		*ret_reply = (struct smtp_reply){
			.code = code,
			.text = slice_head(in, used),
		};
		return (ssize_t)used;
	}
}

static const struct {
	const char *name;
	unsigned bit;
} extensions[] = {
	{ "PIPELINING", SMTP_PIPELINING },
	{ "XFORWARD", SMTP_XFORWARD_OK },
	{ "8BITMIME", SMTP_8BITMIME },
	{ "SMTPUTF8", SMTP_SMTPUTF8 },
};

unsigned smtp_reply_extensions(const struct smtp_reply *reply)
{
	struct slice rest = reply->text;
	struct slice line, word;
	unsigned bits = 0;

	slice_next_line(&rest, &line); /* the greeting */
	while (slice_next_line(&rest, &line)) {
		line = slice_from(line, CODE_BYTES + 1);
		if (!slice_next_word(&line, &word))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
			if (slice_eq_str_nocase(word, extensions[i].name))
				bits |= extensions[i].bit;
	}
	return bits;
}
