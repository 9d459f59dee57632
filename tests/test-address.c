/* Unit tests of mail/address.h. */
#include "mail/address.h"

#include "tests/test.h"

static void test_address(void)
{
	static const struct {
		const char *text;
		bool is_address;
	} rows[] = {
		{ "a@b", true },
		{ "ju4ioeiz1@[127.0.1.1]", true },
		{ "ju4ioeiz1@_c.test", true },
		{ "first.last+tag@sub.example.org", true },
		{ "MAILER-DAEMON@c1.test", true },
		{ "a@[IPv6:2001:db8::1]", true },
		{ "a@[ipv6:::1]", true },
		{ "gr\xc3\xbc\xc3\x9f@example.org", true },
		{ "a@b\xc3\xbc.org", true },
		{ "", false },
		{ "a", false },
		{ "@b", false },
		{ "a@", false },
		{ "a@b@c", false },
		{ "a b@c", false },
		{ "a@b c", false },
		{ " a@b", false },
		{ "a@b\r", false },
		{ "a@b,c@d", false },
		{ "<a@b>", false },
		{ "\"a b\"@c", false },
		{ "a(x)@b", false },
		{ "a@.b", false },
		{ "a@b..c", false },
		{ "a@b.", false },
		{ "a@-b", false },
		{ "a@b-.c", false },
		{ "a@[1.2.3]", false },
		{ "a@[1.2.3.256]", false },
		{ "a@[1.2.3.4", false },
		{ "a@1.2.3.4]", false },
		{ "a@[]", false },
		{ "a@[", false },
		{ "a@[IPv6:]", false },
		{ "a@[IPv6:1.2.3.4]", false },
		{ "a@[2001:db8::1]", false },
		{ "a@[1.2.3.4].b", false },
		{ "../../etc@b", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct address a;
		int r = address_parse(slice_of(rows[i].text), &a);
		check_int(rows[i].text, r == 0, rows[i].is_address);
	}
}

static void test_parts(void)
{
	struct address a;
	char text[ADDRESS_MAX_BYTES + 2];

	check_int("parses", address_parse(SLICE("x.y@[10.0.0.1]"), &a), 0);
	check_slice("local", a.local, SLICE("x.y"));
	check_slice("domain", a.domain, SLICE("[10.0.0.1]"));
	memset(text, 'a', sizeof(text));
	text[64] = '@';
	check_int("local of 64", address_parse(slice_make(text, 67), &a), 0);
	text[64] = 'a';
	text[65] = '@';
	check("local of 65", address_parse(slice_make(text, 68), &a) < 0);
	memset(text, 'a', sizeof(text));
	text[2] = '@';
	for (size_t i = 4; i < sizeof(text); i += 2)
		text[i] = '.';
	check_int("254 bytes",
		address_parse(slice_make(text, ADDRESS_MAX_BYTES), &a), 0);
	check("256 bytes", address_parse(slice_make(text, 256), &a) < 0);
	check("NUL", address_parse(slice_make("a\0@b", 4), &a) < 0);
	check("NUL in literal",
		address_parse(slice_make("a@[1.2.3.4\0]", 12), &a) < 0);
	check("same", address_eq(SLICE("Ab@C.d"), SLICE("aB@c.D")));
	check("other", !address_eq(SLICE("a@c"), SLICE("a@d")));
}

static void test_path(void)
{
	static const struct {
		const char *arg;
		const char *path; /* NULL: refused */
		const char *params;
	} rows[] = {
		{ "<a@b>", "a@b", "" },
		{ " <a@b>", "a@b", "" },
		{ "<>", "", "" },
		{ "<a@b> BODY=8BITMIME SMTPUTF8", "a@b",
			"BODY=8BITMIME SMTPUTF8" },
		{ "<a@[1.2.3.4]> ", "a@[1.2.3.4]", "" },
		{ "<nobody>", "nobody", "" },
		{ "<@x:a@b>", "@x:a@b", "" },
		{ "", NULL, NULL },
		{ "a@b", NULL, NULL },
		{ "<a@b", NULL, NULL },
		{ "<a@b>SIZE=1", NULL, NULL },
		{ "<a b@c>", NULL, NULL },
		{ "<<a@b>>", NULL, NULL },
		{ "<\"a>b\"@c>", NULL, NULL },
		{ "<a@b> X=\r\nRCPT TO:<c@d>", NULL, NULL },
		{ "<a@\tb>", NULL, NULL },
		{ "x <a@b>", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice path, params;
		int r = address_parse_path(
			slice_of(rows[i].arg), &path, &params);
		check_int(rows[i].arg, r == 0, rows[i].path != NULL);
		if (r < 0 || !rows[i].path)
			continue;
		check_slice(rows[i].arg, path, slice_of(rows[i].path));
		check_slice(rows[i].arg, params, slice_of(rows[i].params));
	}
}

static void test_from(void)
{
	static const struct {
		const char *value;
		const char *address; /* NULL: refused */
	} rows[] = {
		{ "<ju4ioeiz1@[127.0.1.1]>", "ju4ioeiz1@[127.0.1.1]" },
		{ "a@b", "a@b" },
		{ "  a@b\t", "a@b" },
		{ "Alice <a@b>", "a@b" },
		{ "Alice B. Carol <a@b>", "a@b" },
		{ "\"Alice, <x> @home\" <a@b>", "a@b" },
		{ "\"x@y\" <a@b>", "a@b" },
		{ "\"quote \\\" <x@y>\" <a@b>", "a@b" },
		{ "=?utf-8?q?Gr=C3=BC=C3=9Fe?= <a@b>", "a@b" },
		{ "Gr\xc3\xbc\xc3\x9f"
		  "e <a@b>",
			"a@b" },
		{ "MAILER-DAEMON@x.org (Mail Delivery System)",
			"MAILER-DAEMON@x.org" },
		{ "(c (nested) \\) x) Alice (x@y) <a@b> (z)", "a@b" },
		{ "a@[IPv6:::1]", "a@[IPv6:::1]" },
		{ "A <a@[IPv6:::1]>", "a@[IPv6:::1]" },
		{ "", NULL },
		{ "Alice", NULL },
		{ "Alice <>", NULL },
		{ "a@b, c@d", NULL },
		{ "<a@b>, <c@d>", NULL },
		{ "<a@b> <c@d>", NULL },
		{ "<a@b> c@d", NULL },
		{ "<a@b> x", NULL },
		{ "c@d <a@b>", NULL },
		{ "x c@d <a@b>", NULL },
		{ "a@b c@d", NULL },
		{ "a@b c", NULL },
		{ "group: a@b;", NULL },
		{ "[group: a@b", NULL },
		{ "[group: <a@b>", NULL },
		{ "group:;", NULL },
		{ "<@x:a@b>", NULL },
		{ "< a@b>", NULL },
		{ "<a@b >", NULL },
		{ "<a@b", NULL },
		{ "a@b>", NULL },
		{ "a @b", NULL },
		{ "a@(c)b", NULL },
		{ "a@b (unclosed", NULL },
		{ "<a@b> (unclosed", NULL },
		{ "\"unclosed <a@b>", NULL },
		{ "\"a\"@b", NULL },
		{ "<a@b\\>", NULL },
		{ "a@b\x01", NULL },
		{ "(a@b)", NULL },
		{ "\"a@b\"", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct slice address = SLICE_NONE;
		const char *value = rows[i].value;
		int r = address_parse_from(slice_of(value), &address, &why);
		check_int(value, r == 0, rows[i].address != NULL);
		if (r == 0 && rows[i].address)
			check_slice(value, address, slice_of(rows[i].address));
		check_int(value, why.len > 0, r < 0);
	}
}

int main(void)
{
	test_address();
	test_parts();
	test_path();
	test_from();
	return test_end();
}
