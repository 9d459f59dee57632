/* Unit tests of chatmaild/common/account.h. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "chatmaild/common/account.h"
#include "chatmaild/common/invite.h"
#include "tests/test.h"

static const char ini_named[] = "[params]\nmail_domain = x.test\n";
static const char ini_ip[] = "[params]\nmail_domain = 192.0.2.1\n"
			     "username_min_length = 4\n"
			     "username_max_length = 6\n"
			     "password_min_length = 30\n";
static const char ini_own[] = "[params]\nmail_domain = _c.test\n";

static struct config load(const char *ini)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct config config = { 0 };

	check_int(ini,
		config_parse(
			slice_of(ini), "test.ini", &config, NULL, NULL, &why),
		0);
	return config;
}

#define LONG_60  "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LONG_240 LONG_60 LONG_60 LONG_60 LONG_60

static const struct {
	const char *name;
	struct slice address, password;
	const char *want; /* the begin of the reason; NULL: may be created */
} cases[] = {
	{ "fine", SLICE("abcdef123@x.test"), SLICE("123456789"), NULL },
	{ "marks in the name", SLICE("a-b.c_123@x.test"), SLICE("123456789"),
		NULL },
	{ "UTF-8 in the password", SLICE("abcdef123@x.test"),
		SLICE("p\xc3\xa4ssword"), NULL },
	{ "any visible mark", SLICE("abcdef123@x.test"), SLICE("%s/../'\"\\ :"),
		NULL },
	{ "short name", SLICE("abcdef12@x.test"), SLICE("123456789"),
		"reason=name-too-short length=8 min=9" },
	{ "long name", SLICE("abcdef1234@x.test"), SLICE("123456789"),
		"reason=name-too-long length=10 max=9" },
	{ "no name", SLICE("@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "upper case", SLICE("Abcdef123@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "percent", SLICE("abc%2f123@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "path", SLICE("../abc123@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "slash", SLICE("abc/ef123@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "begins with a dot", SLICE(".bcdef123@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "NUL", SLICE("abc\0ef123@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "control byte", SLICE("abc\nef123@x.test"), SLICE("123456789"),
		"reason=name-characters" },
	{ "8-bit",
		SLICE("abc\xc3\xa4"
		      "f123@x.test"),
		SLICE("123456789"), "reason=name-characters" },
	{ "echo", SLICE("echo@x.test"), SLICE("123456789"),
		"reason=name-reserved" },
	{ "foreign", SLICE("abcdef123@y.test"), SLICE("123456789"),
		"reason=foreign-domain domain=\"y.test\"" },
	{ "subdomain", SLICE("abcdef123@a.x.test"), SLICE("123456789"),
		"reason=foreign-domain" },
	{ "two ats", SLICE("abcdef123@x.test@x.test"), SLICE("123456789"),
		"reason=foreign-domain" },
	{ "domain with a NUL", SLICE("abcdef123@x.test\0"), SLICE("123456789"),
		"reason=foreign-domain" },
	{ "domain with a path", SLICE("abcdef123@x.test/.."),
		SLICE("123456789"), "reason=foreign-domain" },
	{ "no at", SLICE("abcdef123"), SLICE("123456789"),
		"reason=no-address" },
	{ "empty", SLICE(""), SLICE("123456789"), "reason=no-address" },
	{ "endless", SLICE(LONG_240 "abcdefghijklmnop@x.test"),
		SLICE("123456789"), "reason=address-too-long" },
	{ "short password", SLICE("abcdef123@x.test"), SLICE("12345678"),
		"reason=password-too-short length=8 min=9" },
	{ "long password", SLICE("abcdef123@x.test"),
		SLICE(LONG_240 LONG_240 LONG_60),
		"reason=password-too-long length=540 max=511" },
	{ "NUL in the password", SLICE("abcdef123@x.test"),
		SLICE("12345\0006789"), "reason=password-characters" },
	{ "LF in the password", SLICE("abcdef123@x.test"), SLICE("12345\n6789"),
		"reason=password-characters" },
};

static void test_rules(void)
{
	struct config config = load(ini_named);
	struct account_rules rules;

	account_rules_init(&rules, &config, "/nonexistent/chatmail.ini");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		int r = account_check(
			&rules, cases[i].address, cases[i].password, &why);
		check_int(cases[i].name, r, cases[i].want ? -EPERM : 0);
		if (!cases[i].want)
			continue;
		check_slice(cases[i].name,
			slice_head(buf_slice(&why), strlen(cases[i].want)),
			slice_of(cases[i].want));
		check(cases[i].name, !strstr(buf_str(&why), "12345"));
	}
	account_rules_release(&rules);
	config_release(&config);
}

static void test_nocreate(void)
{
	char dir[] = "/tmp/test-account.XXXXXX";
	struct config config = load(ini_named);
	struct account_rules rules;

	check("mkdtemp", mkdtemp(dir));
	AUTO_FREE char *ini = xasprintf("%s/chatmail.ini", dir);
	AUTO_FREE char *file = xasprintf("%s/chatmail-nocreate", dir);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	account_rules_init(&rules, &config, ini);
	check("absent", !account_nocreate(&rules));
	AUTO_CLOSE int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	check("file", fd >= 0);
	check_str("present", account_nocreate(&rules), file);
	check_int("refused",
		account_check(&rules, SLICE("abcdef123@x.test"),
			SLICE("123456789"), &why),
		-EPERM);
	check("reason", strstr(buf_str(&why), "reason=nocreate file=/tmp/"));
	unlink(file);
	rmdir(dir);
	account_rules_release(&rules);
	config_release(&config);
}

static void test_machine(void)
{
	struct config config = load(ini_named);
	struct account_rules rules;
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	account_rules_init(&rules, &config, "x.ini");
	config.max_load_1m = 100000;
	config.min_free_disk_space = 0;
	config.min_available_memory = 0;
	check_int("room", account_check_machine(&rules, &why), 0);
	config.min_available_memory = UINT64_MAX;
	check_int("memory", account_check_machine(&rules, &why), -EBUSY);
	check("memory", strstr(buf_str(&why), "reason=memory available="));
	config.min_available_memory = 0;
	config.min_free_disk_space = UINT64_MAX;
	free(config.mailboxes_dir);
	config.mailboxes_dir = xstrdup("/tmp");
	check_int("disk", account_check_machine(&rules, &why), -EBUSY);
	check("disk", strstr(buf_str(&why), "reason=disk free="));
	account_rules_release(&rules);
	config_release(&config);
}

static const struct {
	const char *ini, *address, *dcaccount, *dclogin;
} invites[] = {
	{ ini_named, "abc@x.test", "dcaccount:https://x.test/new",
		"dclogin:abc@x.test?p=a%25%26%2B%20b~&v=1" },
	{ ini_ip, "abc@[192.0.2.1]", "dcaccount:https://[192.0.2.1]/new",
		"dclogin:abc@[192.0.2.1]?p=a%25%26%2B%20b~&v=1"
		"&ih=192.0.2.1&sh=192.0.2.1&ic=3" },
	{ ini_own, "abc@_c.test", "dcaccount:https://_c.test/new",
		"dclogin:abc@_c.test?p=a%25%26%2B%20b~&v=1"
		"&ih=_c.test&sh=_c.test&ic=3" },
};

static void test_invites(void)
{
	for (size_t i = 0; i < ARRAY_LEN(invites); i++) {
		struct config config = load(invites[i].ini);
		struct account_rules rules;
		AUTO_BUF struct buf out = BUF_INIT(1024);
		AUTO_BUF struct buf address = BUF_INIT(1024);
		AUTO_BUF struct buf password = BUF_INIT(1024);
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		invite_add_dcaccount(&config, &out);
		check_str("dcaccount", buf_str(&out), invites[i].dcaccount);
		buf_reset(&out);
		invite_add_dclogin(&config, slice_of(invites[i].address),
			SLICE("a%&+ b~"), &out);
		check_str("dclogin", buf_str(&out), invites[i].dclogin);
		invite_new_account(&config, &address, &password);
		account_rules_init(&rules, &config, "/nonexistent/x.ini");
		check_int("a new account keeps the rules",
			account_check(&rules, buf_slice(&address),
				buf_slice(&password), &why),
			0);
		account_rules_release(&rules);
		config_release(&config);
	}
}

int main(void)
{
	test_rules();
	test_nocreate();
	test_machine();
	test_invites();
	return test_end();
}
