/* What authorities and acmetool say. */
#include "cmdeploy/certificate/acme.h"

#include <errno.h>

#include "tests/test.h"

/* RFC 4648, 10, in lower case and unpadded. */
static const struct {
	const char *bytes, *want;
} names[] = {
	{ "", "" },
	{ "f", "my" },
	{ "fo", "mzxq" },
	{ "foo", "mzxw6" },
	{ "foob", "mzxw6yq" },
	{ "fooba", "mzxw6ytb" },
	{ "foobar", "mzxw6ytboi" },
	{ "\xff\xff\xff\xff\xff\xff", "7777777774" },
};

static const struct {
	const char *name, *text;
	int want;
	const char *terms;
} directories[] = {
	{ "terms", "{\"newOrder\":\"u\",\"meta\":{\"termsOfService\":\"t\"}}",
		0, "t" },
	{ "no terms", "{\"newOrder\":\"u\",\"meta\":{}}", 0, "" },
	{ "no meta", "{\"newOrder\":\"u\"}", 0, "" },
	{ "odd terms", "{\"newOrder\":\"u\",\"meta\":{\"termsOfService\":7}}",
		0, "" },
	{ "odd meta", "{\"newOrder\":\"u\",\"meta\":[1]}", 0, "" },
	{ "another thing", "{\"meta\":{\"termsOfService\":\"t\"}}", -EPROTO,
		"" },
	{ "a page", "<html>", -EPROTO, "" },
	{ "nothing", "", -EPROTO, "" },
	{ "a list", "[1,2]", -EPROTO, "" },
};

static const struct {
	const char *name, *log, *want;
} details[] = {
	{ "none", "[ERROR] failed", "before" },
	{ "one", "x (title \"\"): (detail \"no such name\") y",
		"no such name" },
	{ "the first", "(detail \"a\") (detail \"b\")", "a" },
	{ "quotes", "(detail \"Get \\\"http://x\\\": refused\")",
		"Get \"http://x\": refused" },
	{ "cut", "(detail \"half", "half" },
	{ "cut at an escape", "(detail \"half\\", "half\\" },
	{ "a line at most", "(detail \"one\ntwo\")", "one" },
};

#define OURS                                                                   \
	"# Ours.\nsatisfy:\n  names:\n  - a.example\n  - www.a.example\n"      \
	"request:\n  key:\n    id: x\n"

static const struct {
	const char *name, *text;
	bool want;
} wishes[] = {
	{ "one", "satisfy:\n  names:\n  - a.example\n", true },
	{ "all", "satisfy:\n    names:\n    - www.a.example\n    - a.example",
		true },
	{ "quoted", "satisfy:\n  names:\n  - \"a.example\"\n", true },
	{ "ours", OURS, true },
	{ "of another", "satisfy:\n  names:\n  - a.example.org\n", false },
	{ "and of another",
		"satisfy:\n  names:\n  - a.example\n  - shop.a.example\n",
		false },
	{ "asked for, too",
		"satisfy:\n  names:\n  - a.example\n"
		"request:\n  names:\n  - b.example\n",
		false },
	{ "on one line", "satisfy:\n  names: [a.example]\n", false },
	{ "on one line, too",
		"satisfy:\n  names:\n  - a.example\n"
		"request:\n  names: [b.example]\n",
		false },
	{ "with a remark", "satisfy:\n  names:\n  - a.example # b\n", false },
	{ "another list", "satisfy:\n  labels:\n  - a.example\n", false },
	{ "none", "satisfy:\n  names:\n", false },
	{ "its file's name", "", false },
};

static void test_wishes(void)
{
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
		check_int(wishes[i].name,
			acme_wish_is_within(
				slice_of(wishes[i].text), SLICE(OURS)),
			wishes[i].want);
	check("nothing is ours",
		!acme_wish_is_within(SLICE(OURS), SLICE("satisfy:\n")));
}

int main(void)
{
	test_wishes();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_BUF struct buf out = BUF_INIT(100);
		acme_add_key_name(&out, slice_of(names[i].bytes));
		check_str(names[i].want, buf_str(&out), names[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
		AUTO_BUF struct buf out = BUF_INIT(100);
		check_int(directories[i].name,
			acme_find_terms(slice_of(directories[i].text), "url",
				&out, NULL),
			directories[i].want);
		check_str(directories[i].name, buf_str(&out),
			directories[i].terms);
	}
	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		AUTO_BUF struct buf log = BUF_INIT(1000);
		AUTO_BUF struct buf reason = BUF_INIT(1000);
		buf_add_str(&log, details[i].log);
		buf_add_str(&reason, "before");
		acme_find_detail(&log, &reason);
		check_str(details[i].name, buf_str(&reason), details[i].want);
	}
	return test_end();
}
