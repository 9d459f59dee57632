/* test-path.c - paths as text, and the digest of texts. */
#include "lib/path.h"

#include "lib/digest.h"
#include "tests/test.h"

static const struct {
	const char *path;
	const char *folder, *name, *beside;
} paths[] = {
	{ "/etc/chatmail/chatmail.ini", "/etc/chatmail", "chatmail.ini",
		"/etc/chatmail/x" },
	{ "chatmail.ini", ".", "chatmail.ini", "x" },
	{ "./chatmail.ini", ".", "chatmail.ini", "./x" },
	{ "/chatmail.ini", "/", "chatmail.ini", "/x" },
	{ "a/b/", "a/b", "", "a/b/x" },
	{ "", ".", "", "x" },
};

static void test_paths(void)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *path = paths[i].path;
		AUTO_FREE char *beside = path_beside(path, "x");

		check_slice(path, path_folder(path), slice_of(paths[i].folder));
		check_str(path, path_name(path), paths[i].name);
		check_str(path, beside, paths[i].beside);
	}
}

/* Known answers of FNV-1a. */
static void test_digest(void)
{
	uint64_t whole = digest_add(DIGEST_START, SLICE("foobar"));
	uint64_t parts = digest_add(
		digest_add(DIGEST_START, SLICE("foo")), SLICE("bar"));

	check("nothing", digest_add(DIGEST_START, SLICE_NONE) == DIGEST_START);
	check("a", digest_add(DIGEST_START, SLICE("a")) == 0xaf63dc4c8601ec8cu);
	check("foobar", whole == 0x85944171f73967e8u);
	check("in parts", parts == whole);
}

int main(void)
{
	test_paths();
	test_digest();
	return test_end();
}
