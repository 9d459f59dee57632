/* Unit tests of lib/file.h. */
#include "lib/file.h"

#include <errno.h>

#include "tests/test.h"

static char dir[] = "/tmp/test-file.XXXXXX";

/* Valid until the next call but one. */
static const char *at(const char *suffix)
{
	static char paths[2][64];
	static int n;

	n = 1 - n;
	snprintf(paths[n], sizeof(paths[n]), "%s%s", dir, suffix);
	return paths[n];
}

static void put(const char *path, const char *text)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	check_int(path, file_write(path, slice_of(text), owner, &why), 0);
}

static void test_write(void)
{
	AUTO_BUF struct buf text = BUF_INIT(4);

	put(at("/a"), "one");
	put(at("/a"), "two!");
	check_int("read", file_read(at("/a"), &text, NULL), 0);
	check_str("read", buf_str(&text), "two!");
	put(at("/a"), "three");
	buf_reset(&text);
	check_int("too large", file_read(at("/a"), &text, NULL), -EFBIG);
	check_int("none", file_read(at("/b"), &text, NULL), -ENOENT);
}

static void test_text(void)
{
	put(at("/t"), "one two three");
	check("in it", file_has_text(at("/t"), "two"));
	check("at its end", file_has_text(at("/t"), "three"));
	check("not in it", !file_has_text(at("/t"), "four"));
	check("no file", !file_has_text(at("/none"), ""));
	check("a folder", !file_has_text(dir, ""));
	check("nothing to read", !file_has_text("/dev/null", "two"));
}

static void test_make(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	check_int("deep", dir_make(at("/x/y/z"), 0700, &why), 0);
	check_int("again", dir_make(at("/x/y/z"), 0700, &why), 0);
	check_int("a file", dir_make(at("/a"), 0700, &why), -ENOTDIR);
	check("a file", strstr(buf_str(&why), "/a: Not a directory"));
}

static void test_remove(void)
{
	put(at("/x/y/z/file"), "");
	put(at("/x/file"), "");
	check_int("link", symlink("../../a", at("/x/y/link")), 0);
	check_int("link", symlink("../..", at("/x/y/up")), 0);
	dir_remove(at("/x"));
	check("gone", !file_exists(at("/x")));
	check("what links led to is there", file_exists(at("/a")));
	dir_remove(at("/none"));
	dir_remove(dir);
	check("all gone", !file_exists(dir));
}

int main(void)
{
	check("mkdtemp", mkdtemp(dir));
	test_write();
	test_text();
	test_make();
	test_remove();
	return test_end();
}
