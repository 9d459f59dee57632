/* Unit tests of chatmaild/metadata/tokens.h. */
#include "chatmaild/metadata/tokens.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "tests/test.h"

enum {
	NOW = 1800000000,
};

static char home[] = "/tmp/test-tokens-XXXXXX";
static char *path;

static void put(const char *text)
{
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	check_int("put", file_write(path, slice_of(text), owner, NULL), 0);
}

static void change(
	const char *name, enum token_change what, const char *token, int result)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	bool is_aside;

	check_int(name,
		tokens_change(
			home, what, slice_of(token), NOW, &is_aside, &why),
		result);
}

static void check_list(const char *name, const char *wanted)
{
	AUTO_BUF struct buf got = BUF_INIT(1 << 20);
	struct token_list list = { 0 };

	check_int(name, tokens_read(home, NOW, &list, NULL), 0);
	for (size_t i = 0; i < list.n; i++) {
		buf_add_slice(&got, list.tokens[i]);
		buf_add_char(&got, ' ');
	}
	check_slice(name, buf_slice(&got), slice_of(wanted));
	token_list_release(&list);
}

static void test_valid(void)
{
	static const struct {
		struct slice token;
		bool is_valid;
	} rows[] = {
		{ SLICE("openpgp:abc+/="), true },
		{ SLICE("fcm-app:\"\\{}"), true },
		{ SLICE("\xc3\xa4"), true },
		{ SLICE(""), false },
		{ SLICE("a b"), false },
		{ SLICE("a\tb"), false },
		{ SLICE("a\nb"), false },
		{ SLICE("a\0b"), false },
		{ SLICE("a\x7f"), false },
		{ SLICE("\xc3"), false },
		{ SLICE("\xc0\x80"), false },
		{ SLICE("\xed\xa0\x80"), false },
		{ SLICE("\xff"), false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_int(rows[i].token.ptr, token_is_valid(rows[i].token),
			rows[i].is_valid);
}

static void test_files(void)
{
	static const struct {
		const char *name, *text, *wanted;
	} rows[] = {
		{ "list", "{\"devicetoken\":[\"b\",\"a\"]}", "b a " },
		{ "list with others", "{\"devicetoken\":[\"b\",1,null]}",
			"b " },
		{ "empty object", "{}", "" },
		{ "stale, new, no time",
			"{\"devicetoken\":{\"s\":1700000000,\"n\":1799999999,"
			"\"x\":\"y\"}}",
			"n " },
		{ "fraction", "{\"devicetoken\":{\"f\":1799999999.75}}", "f " },
		{ "broken", "{\"devicetoken\":", "" },
		{ "odd", "{\"devicetoken\":3}", "" },
		{ "array", "[]", "" },
		{ "empty", "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put(rows[i].text);
		check_list(rows[i].name, rows[i].wanted);
	}
}

static void test_changes(void)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	unlink(path);
	check_list("no file", "");
	change("first", TOKEN_SET, "a", 1);
	change("again", TOKEN_SET, "a", 0);
	change("second", TOKEN_SET, "b", 1);
	check_list("both", "a b ");
	change("remove", TOKEN_REMOVE, "a", 1);
	change("remove what is not there", TOKEN_REMOVE, "a", 0);
	check_list("one", "b ");
	put("{\"devicetoken\":{\"b\":1799990000},\"other\":1}");
	change("an hour later", TOKEN_SET, "b", 1);
	check_int("read", file_read(path, &text, NULL), 0);
	check_str("as written", buf_str(&text),
		"{\"devicetoken\":{\"b\":1800000000},\"other\":1}");
	put("{\"devicetoken\":[\"b\"]}");
	change("convert", TOKEN_CONVERT, "", 1);
	change("converted", TOKEN_CONVERT, "", 0);
	put("nonsense");
	change("set over a broken one", TOKEN_SET, "c", 1);
	check_list("the new one", "c ");
	change("remove all", TOKEN_REMOVE_ALL, "", 1);
	check_list("none", "");
}

/* Of too many, those set longest ago go. */
static void test_limit(void)
{
	struct token_list list = { 0 };
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);

	buf_add_str(&text, "{\"devicetoken\":{");
	for (int i = 0; i < TOKENS_MAX; i++)
		buf_addf(
			&text, "%s\"t%d\":%d", i ? "," : "", i, NOW - 1000 + i);
	buf_add_str(&text, "}}");
	put(buf_str(&text));
	change("one more", TOKEN_SET, "new", 1);
	check_int("read", tokens_read(home, NOW, &list, NULL), 0);
	check_int("as many as may be", (long)list.n, TOKENS_MAX);
	check_slice("the oldest went", list.tokens[0], SLICE("t1"));
	check_slice("the new one is there", list.tokens[TOKENS_MAX - 1],
		SLICE("new"));
	token_list_release(&list);
}

int main(void)
{
	AUTO_FREE char *aside = NULL;

	if (!mkdtemp(home))
		return 1;
	path = xasprintf("%s/metadata.json", home);
	aside = xasprintf("%s.broken", path);
	test_valid();
	test_files();
	test_changes();
	test_limit();
	unlink(aside);
	unlink(path);
	check_int("nothing else is left", rmdir(home), 0);
	change("no folder", TOKEN_SET, "a", -ENOENT);
	free(path);
	return test_end();
}
