/* Unit tests of lib/json.h. */
#include "lib/json.h"
#include "tests/test.h"

static const struct {
	const char *name;
	struct slice text;
	const char *want;
} cases[] = {
	{ "empty", SLICE(""), "\"\"" },
	{ "plain", SLICE("abc"), "\"abc\"" },
	{ "marks", SLICE("a\"b\\c/"), "\"a\\\"b\\\\c/\"" },
	{ "control", SLICE("\0\n\x1f\x7f"),
		"\"\\u0000\\u000a\\u001f\\u007f\"" },
	{ "UTF-8", SLICE("\xc3\xa4"), "\"\xc3\xa4\"" },
};

int main(void)
{
	AUTO_BUF struct buf object = BUF_INIT(1024);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1024);
		json_add_string(&out, cases[i].text);
		check_str(cases[i].name, buf_str(&out), cases[i].want);
	}
	buf_add_char(&object, '{');
	json_add_member(&object, "a", SLICE("1"));
	json_add_member(&object, "b", SLICE("2"));
	buf_add_char(&object, '}');
	check_str("object", buf_str(&object), "{\"a\":\"1\",\"b\":\"2\"}");
	return test_end();
}
