/* Unit tests of cmdeploy/moving/proxy.h: addresses in the settings. */
#include "cmdeploy/moving/proxy.h"
#include "tests/test.h"

static const struct {
	const char *name, *text, *addresses, *out;
} cases[] = {
	{ "a comment", "a = 1\n# public_addresses =\nb = 2\n", "192.0.2.1",
		"a = 1\npublic_addresses = 192.0.2.1\nb = 2\n" },
	{ "a comment without a blank", "#public_addresses=\n", "192.0.2.1",
		"public_addresses = 192.0.2.1\n" },
	{ "a value", "public_addresses = 192.0.2.1\n", "192.0.2.1 2001:db8::1",
		"public_addresses = 192.0.2.1 2001:db8::1\n" },
	{ "a value beside a comment",
		"# public_addresses =\npublic_addresses = 192.0.2.1\n",
		"192.0.2.2",
		"# public_addresses =\npublic_addresses = 192.0.2.2\n" },
	{ "a value of several lines",
		"public_addresses = 192.0.2.1\n  192.0.2.2\n\t192.0.2.3\n"
		"b = 2\n  3\n",
		"192.0.2.4", "public_addresses = 192.0.2.4\nb = 2\n  3\n" },
	{ "a colon, and a comment inside",
		"public_addresses: 192.0.2.1\n# why\n\n  192.0.2.2\nb = 2\n",
		"192.0.2.4", "public_addresses = 192.0.2.4\n# why\n\nb = 2\n" },
	{ "a comment inside of another value",
		"a = 1\n# public_addresses =\n\n  2\nb = 2\n", "192.0.2.1",
		"a = 1\n# public_addresses =\n\n  2\nb = 2\n"
		"public_addresses = 192.0.2.1\n" },
	{ "indented below the section",
		"[params]\n  public_addresses = 192.0.2.9\na = 1\n",
		"192.0.2.1",
		"[params]\npublic_addresses = 192.0.2.1\na = 1\n" },
	{ "none left", "a = 1\npublic_addresses = 192.0.2.1\n", "",
		"a = 1\n# public_addresses =\n" },
	{ "no such line", "[params]\na = 1\n", "192.0.2.1",
		"[params]\na = 1\npublic_addresses = 192.0.2.1\n" },
	{ "no such line, and none", "a = 1\n", "", "a = 1\n" },
	{ "another key", "my_public_addresses = 192.0.2.1\n", "",
		"my_public_addresses = 192.0.2.1\n" },
	{ "a last line without its end", "a = 1", "192.0.2.1",
		"a = 1\npublic_addresses = 192.0.2.1\n" },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1000);
		AUTO_WORDS struct words addresses = { 0 };

		words_add_split(&addresses, slice_of(cases[i].addresses));
		proxy_add_settings(&out, slice_of(cases[i].text), &addresses);
		check_str(cases[i].name, buf_str(&out), cases[i].out);
	}
	return test_end();
}
