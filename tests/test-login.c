/*
 * Unit tests of chatmaild/doveauth/login.h: how often a password is hashed.
 */
#include "chatmaild/doveauth/login.h"

#include <crypt.h>
#include <limits.h>

#include "lib/file.h"
#include "tests/test.h"

static atomic_int n_hashes;
static int n_done, n_good;
static enum login_verdict verdict;
static sd_event *event;
static struct logins *logins;

/* In place of libcrypt's. */
char *crypt_rn(
	const char *phrase, const char *setting UNUSED, void *data, int size)
{
	n_hashes++;
	snprintf(data, (size_t)size, "$6$%s", phrase);
	return data;
}

static void on_done(struct login *login UNUSED, enum login_verdict found,
	const char *reason UNUSED)
{
	n_done++;
	n_good += found == LOGIN_GOOD;
	verdict = found;
}

/* Ends when the verdict is there: how often that took a hash. */
static int hashes_of(const char *password)
{
	struct login login = {
		.user = "abcdef123@x.test",
		.password = password,
		.done = on_done,
	};
	int before = n_hashes;

	n_done = 0;
	logins_begin(logins, &login);
	while (n_done == 0 && sd_event_run(event, UINT64_MAX) >= 0)
		continue;
	return n_hashes - before;
}

static void test_hashes(void)
{
	check_int("the first login", hashes_of("first-password"), 1);
	check_int("creates", verdict, LOGIN_GOOD);
	check_int("the second", hashes_of("first-password"), 0);
	check_int("is good", verdict, LOGIN_GOOD);
	for (int i = 0; i < 2; i++) {
		check_int("a wrong one", hashes_of("other-password"), 1);
		check_int("is wrong", verdict, LOGIN_WRONG);
	}
}

/* An app's two connections come together: the second does not cost a hash. */
static void test_same_moment(void)
{
	static const struct {
		const char *user, *second;
		int n_hashes, n_good;
	} rows[] = {
		{ "together1@x.test", "first-password", 1, 2 },
		{ "together2@x.test", "other-password", 2, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct login both[] = {
			{ .user = rows[i].user,
				.password = "first-password",
				.done = on_done },
			{ .user = rows[i].user,
				.password = rows[i].second,
				.done = on_done },
		};
		int before = n_hashes;
		n_done = n_good = 0;
		logins_begin(logins, &both[0]);
		logins_begin(logins, &both[1]);
		while (n_done < 2 && sd_event_run(event, UINT64_MAX) >= 0)
			continue;
		check_int("hashed", n_hashes - before, rows[i].n_hashes);
		check_int("good", n_good, rows[i].n_good);
	}
}

/* What is remembered is that of this process. */
static void test_anew(const struct login_options *options)
{
	check_int("new", logins_new(options, &logins), 0);
	check_int("known by its file", hashes_of("first-password"), 1);
	check_int("is good", verdict, LOGIN_GOOD);
	check_int("and then", hashes_of("first-password"), 0);
	logins_free(logins);
}

int main(void)
{
	char dir[] = "/tmp/test-login.XXXXXX";
	struct account_rules rules = { 0 };
	struct counters counters = { 0 };
	struct config config = { 0 };
	struct users users;

	check("mkdtemp", mkdtemp(dir));
	check_int("settings",
		config_parse(SLICE("[params]\nmail_domain = x.test\n"),
			"test.ini", &config, NULL, NULL, NULL),
		0);
	/* Whatever the machine is doing. */
	config.max_load_1m = INT_MAX;
	config.min_available_memory = 0;
	config.min_free_disk_space = 0;
	check("event", sd_event_new(&event) >= 0);
	users = (struct users){ .dir = xstrdup(dir),
		.domain = xstrdup("x.test") };
	account_rules_init(&rules, &config, "test.ini");
	struct login_options options = {
		.event = event,
		.config = &config,
		.users = &users,
		.rules = &rules,
		.counters = &counters,
	};
	check_int("new", logins_new(&options, &logins), 0);
	test_hashes();
	test_same_moment();
	logins_free(logins);
	test_anew(&options);
	sd_event_unref(event);
	account_rules_release(&rules);
	config_release(&config);
	users_release(&users);
	dir_remove(dir);
	return test_end();
}
