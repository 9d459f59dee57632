/* Unit tests of lib/url.h. */
#include "lib/url.h"
#include "tests/test.h"

static const struct {
	const char *name, *text, *password, *shown;
} cases[] = {
	{ "a folder", "/srv/backup", "", "/srv/backup" },
	{ "SFTP", "sftp:me@host:/a:b@c", "", "sftp:me@host:/a:b@c" },
	{ "a user alone", "rest:https://me@host:8000/", "",
		"rest:https://me@host:8000/" },
	{ "a password", "rest:https://me:pw@host:8000/", "pw",
		"rest:https://me:***@host:8000/" },
	{ "without a path", "https://me:pw@host", "pw", "https://me:***@host" },
	{ "it has @ and colons", "https://me:p@w:d@host/", "p@w:d",
		"https://me:***@host/" },
	{ "it has a slash", "https://me:p/w@host/", "p/w",
		"https://me:***@host/" },
	{ "an empty password", "https://me:@host/", "", "https://me:@host/" },
	{ "an @ in the path", "https://me:pw@host/a@b", "pw",
		"https://me:***@host/a@b" },
	{ "a port alone", "s3:https://host:9000/a", "",
		"s3:https://host:9000/a" },
	{ "nothing", "", "", "" },
};

static void test_password(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1000);
		struct slice text = slice_of(cases[i].text);
		AUTO_FREE char *password = slice_dup(url_password(text));

		check_str(cases[i].name, password, cases[i].password);
		url_add_masked(&out, text, url_password(text));
		check_str(cases[i].name, buf_str(&out), cases[i].shown);
	}
}

static void test_masked(void)
{
	AUTO_BUF struct buf out = BUF_INIT(1000);

	url_add_masked(&out, SLICE("pw, pw: xpw"), SLICE("pw"));
	check_str("each of them", buf_str(&out), "***, ***: x***");
}

int main(void)
{
	test_password();
	test_masked();
	return test_end();
}
