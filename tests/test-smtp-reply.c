/* Unit tests of mail/smtp-reply.h. */
#include "mail/smtp-reply.h"

#include <errno.h>

#include "tests/test.h"

struct row {
	const char *name;
	const char *in;
	ssize_t want;
	int code;
};

static const struct row rows[] = {
	{ "nothing", "", 0, 0 },
	{ "half", "250 o", 0, 0 },
	{ "half line end", "250 ok\r", 0, 0 },
	{ "one line", "250 ok\r\n", 8, 250 },
	{ "no text", "354\r\n", 5, 354 },
	{ "only the first", "250 ok\r\n221 bye\r\n", 8, 250 },
	{ "many lines", "250-a\r\n250-b\r\n250 c\r\n", 21, 250 },
	{ "last line lacks", "250-a\r\n250-b\r\n", 0, 0 },
	{ "tab in the text", "450 a\tb\r\n", 9, 450 },
	{ "code changes", "250-a\r\n251 b\r\n", -EPROTO, 0 },
	{ "no code", "ok\r\n", -EPROTO, 0 },
	{ "code 150", "150 go\r\n", -EPROTO, 0 },
	{ "code 650", "650 go\r\n", -EPROTO, 0 },
	{ "four digits", "2500 ok\r\n", -EPROTO, 0 },
	{ "bare LF", "250 ok\n", -EPROTO, 0 },
	{ "empty line", "\r\n", -EPROTO, 0 },
	{ "bare CR", "250 o\rk\r\n", -EPROTO, 0 },
	{ "control byte", "250 o\x1bk\r\n", -EPROTO, 0 },
};

static void test_rows(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct smtp_reply reply = { 0 };
		struct slice in = slice_of(row->in);
		check_int(row->name, smtp_reply_parse(in, &reply), row->want);
		check_int(row->name, reply.code, row->code);
		if (row->want <= 0)
			continue;
		check_slice(row->name, reply.text,
			slice_head(in, (size_t)row->want));
	}
}

/* A reply that never ends is broken off. */
static void test_endless(void)
{
	AUTO_BUF struct buf text = BUF_INIT(SMTP_REPLY_MAX_BYTES * 2);
	struct smtp_reply reply;

	while (text.len + 7 < SMTP_REPLY_MAX_BYTES)
		buf_add_str(&text, "250-a\r\n");
	check_int("below", smtp_reply_parse(buf_slice(&text), &reply), 0);
	buf_add_str(&text, "250-aaaaaaa\r\n");
	check_int(
		"beyond", smtp_reply_parse(buf_slice(&text), &reply), -EPROTO);
}

static unsigned extensions(const char *text)
{
	struct smtp_reply reply = { .code = 250, .text = slice_of(text) };

	return smtp_reply_extensions(&reply);
}

static void test_extensions(void)
{
	check_int(
		"the greeting names none", extensions("250 PIPELINING\r\n"), 0);
	check_int("all",
		extensions("250-mx\r\n250-PIPELINING\r\n250-8bitmime\r\n"
			   "250-SMTPUTF8\r\n250-XFORWARD NAME ADDR\r\n"
			   "250 SIZE 10\r\n"),
		SMTP_PIPELINING | SMTP_8BITMIME | SMTP_SMTPUTF8 |
			SMTP_XFORWARD_OK);
	check_int("no word", extensions("250-mx\r\n250-\r\n250\r\n"), 0);
	check_int("longer", extensions("250-mx\r\n250 XFORWARDING\r\n"), 0);
}

int main(void)
{
	test_rows();
	test_endless();
	test_extensions();
	return test_end();
}
