/* Unit tests of chatmaild/common/user.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "chatmaild/common/user.h"
#include "lib/file.h"
#include "tests/test.h"

#define ADDRESS SLICE("abcdef123@x.test")
#define HASH    SLICE("{SHA512-CRYPT}$6$salt$hash")

static char dir[] = "/tmp/test-user.XXXXXX";
static struct users users;

static const struct {
	const char *name;
	struct slice address;
	bool want;
} addresses[] = {
	{ "fine", SLICE("abcdef123@x.test"), true },
	{ "old names live on", SLICE("A+b@x.test"), true },
	{ "other domain", SLICE("abcdef123@y.test"), false },
	{ "slash", SLICE("a/b@x.test"), false },
	{ "parent", SLICE("../a@x.test"), false },
	{ "dot", SLICE(".a@x.test"), true },
	{ "hyphen", SLICE("-a@x.test"), true },
	{ "NUL", SLICE("a\0b@x.test"), false },
	{ "space", SLICE("a b@x.test"), false },
	{ "DEL", SLICE("a\x7f@x.test"), false },
	{ "8-bit", SLICE("\xc3\xa4@x.test"), false },
	{ "no name", SLICE("@x.test"), false },
	{ "no at", SLICE("x.test"), false },
	{ "two ats", SLICE("a@b@x.test"), false },
	{ "empty", SLICE(""), false },
};

static char *path_of(const char *name)
{
	return xasprintf("%s/abcdef123@x.test/%s", dir, name);
}

static int read_user(struct buf *out)
{
	buf_reset(out);
	return user_read_password(&users, ADDRESS, out, NULL);
}

static int create(struct slice password, struct buf *winner)
{
	return user_create(&users, ADDRESS, password, winner, NULL);
}

static void test_addresses(void)
{
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		check_int(addresses[i].name,
			user_is_address(&users, addresses[i].address),
			addresses[i].want);
}

static void test_creation(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1024);
	AUTO_FREE char *file = path_of("password");
	AUTO_FREE char *home = path_of("");
	struct stat st;

	check_int("nobody yet", read_user(&text), 0);
	check_int("created", create(HASH, &text), 1);
	check_int("is there", read_user(&text), 1);
	check_slice("as written", buf_slice(&text), HASH);
	check("file", stat(file, &st) == 0);
	check_int("mode of the file", st.st_mode & 07777, 0600);
	check_int("stamped with the day", st.st_mtim.tv_sec % 86400, 0);
	check("folder", stat(home, &st) == 0);
	check_int("mode of the folder", st.st_mode & 07777, 0700);
	buf_reset(&text);
	check_int("second comes late", create(SLICE("{X}other"), &text), 0);
	check_slice("and learns of the first", buf_slice(&text), HASH);
	check_int("still there", read_user(&text), 1);
	check_slice("unchanged", buf_slice(&text), HASH);
}

/* A reason is for a log, which knows nobody's address. */
static void check_private(
	const char *name, const struct buf *why, const char *reason)
{
	check(name, strstr(buf_str(why), reason));
	check(name, !strchr(buf_str(why), '@'));
}

/* What cannot be made leaves nothing. */
static void test_not_created(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1024);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *home = xasprintf("%s/folder01@x.test", dir);
	AUTO_FREE char *file = xasprintf("%s/password", home);

	check_int("a folder in its place", mkdir(home, 0700), 0);
	check_int("a folder in its place", mkdir(file, 0700), 0);
	check_int("not created",
		user_create(
			&users, SLICE("folder01@x.test"), HASH, &text, &why),
		-EISDIR);
	check_private("not created", &why, "Is a directory");
	rmdir(file);
	check_int("nothing is left", rmdir(home), 0);
}

static void test_empty_file(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1024);
	AUTO_FREE char *file = path_of("password");

	check_int("truncate", truncate(file, 0), 0);
	check_int("no account", read_user(&text), 0);
	check_int("cannot log in",
		user_touch_login(&users, ADDRESS, 1700000000, NULL), -ENOENT);
	check_int("is made anew", create(HASH, &text), 1);
	check_int("and is there", read_user(&text), 1);
}

static void test_broken_file(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1024);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *file = path_of("password");
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	check_int(
		"garbage", file_write(file, SLICE("garbage"), owner, NULL), 0);
	check_int("broken", user_read_password(&users, ADDRESS, &text, &why),
		-EINVAL);
	check_private("broken", &why, "password: not a password file");
	buf_reset(&why);
	check_int("no file", unlink(file), 0);
	check_int("a link to itself", symlink("password", file), 0);
	check_int("not stamped",
		user_touch_login(&users, ADDRESS, 1700000000, &why), -ELOOP);
	check_private("not stamped", &why, "password: Too many levels");
	check_int("mended", file_write(file, HASH, owner, NULL), 0);
}

static void test_blocked(void)
{
	AUTO_FREE char *path = path_of("blocked");

	check("not blocked", !user_is_blocked(&users, ADDRESS));
	AUTO_CLOSE int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	check("file", fd >= 0);
	check("blocked", user_is_blocked(&users, ADDRESS));
	check("another", !user_is_blocked(&users, SLICE("abcdef124@x.test")));
	check("no address",
		!user_is_blocked(&users, SLICE("../abcdef123@x.test")));
	unlink(path);
	check("no more", !user_is_blocked(&users, ADDRESS));
}

static void test_no_mail(void)
{
	AUTO_FREE char *path = path_of("DISABLED");

	check("takes mail", !user_takes_no_mail(&users, ADDRESS));
	AUTO_CLOSE int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	check("file", fd >= 0);
	check("takes none", user_takes_no_mail(&users, ADDRESS));
	check("is not blocked", !user_is_blocked(&users, ADDRESS));
	unlink(path);
}

static void test_login(void)
{
	AUTO_FREE char *file = path_of("password");
	struct stat st;

	check_int("stamped",
		user_touch_login(&users, ADDRESS, 1700000000, NULL), 1);
	check("stat", stat(file, &st) == 0);
	check_int("start of the day", st.st_mtim.tv_sec, 1699920000);
	check_int("same day",
		user_touch_login(&users, ADDRESS, 1700000001, NULL), 0);
	check_int("nobody",
		user_touch_login(
			&users, SLICE("nobody123@x.test"), 1700000000, NULL),
		-ENOENT);
	check_int("path",
		user_touch_login(&users, SLICE("../a@x.test"), 1, NULL),
		-ENOENT);
}

static void test_list(void)
{
	static const char *const others[] = { "noat", ".hidden@x.test",
		"nopassword@x.test" };
	struct user_list list;
	struct slice address;

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", dir, others[i]);
		check_int(others[i], mkdir(path, 0700), 0);
	}
	check_int("open", user_list_open(&users, &list, NULL), 0);
	check_int("one", user_list_next(&list, &address), 1);
	check_slice("the one", address, ADDRESS);
	check_int("end", user_list_next(&list, &address), 0);
	user_list_close(&list);
}

static void test_echo(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1024);
	AUTO_FREE char *file = xasprintf("%s/echobot-password", dir);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };
	struct stat st;

	check_int("no bot",
		user_read_password(&users, SLICE("echo@x.test"), &text, NULL),
		0);
	users.echo_password = xstrdup(file);
	check_int("not started",
		user_read_password(&users, SLICE("echo@x.test"), &text, NULL),
		0);
	check_int("password", file_write(file, HASH, owner, NULL), 0);
	check_int("a bot",
		user_read_password(&users, SLICE("echo@x.test"), &text, NULL),
		1);
	check_slice("its password", buf_slice(&text), HASH);
	check_int("its file is not stamped",
		user_touch_login(&users, SLICE("echo@x.test"), 1700000000, NULL), 0);
	check_int("its file is there", stat(file, &st), 0);
	check("its file is as it was", st.st_mtime > 1700000000);
}

int main(void)
{
	check("mkdtemp", mkdtemp(dir));
	users = (struct users){ .dir = xstrdup(dir),
		.domain = xstrdup("x.test") };
	test_addresses();
	test_creation();
	test_not_created();
	test_empty_file();
	test_broken_file();
	test_blocked();
	test_no_mail();
	test_login();
	test_list();
	test_echo();
	users_release(&users);
	dir_remove(dir);
	return test_end();
}
