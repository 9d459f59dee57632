/*
 * metadata - the real chatmail-metadata: what users set and Dovecot reads, and,
 * in metadata-push.c, what a notification server gets.
 *
 * Usage: metadata PROGRAM CASE
 *
 * How that server answers each token, push-server.h says.
 */
#include <poll.h>
#include <string.h>

#include "lib/file.h"
#include "tests/t/metadata-bed.h"
#include "tests/t/metadata-cases.h"

enum {
	/* As many tokens as a user can have. */
	WRITERS_N = 16,
};

#define SHARED "Lshared/guid/vendor/vendor.dovecot/pvt/server/"

static void case_shared(void)
{
	bed_start();
	bed_want(SHARED "vendor/deltachat/maxsmtprecipients\ta@x.test\n",
		"O1000");
	bed_want(SHARED "vendor/deltachat/irohrelay\ta@x.test\n",
		"Ohttps://i.test");
	bed_want(SHARED "admin\ta@x.test\n", "Omailto:ops@x.test");
	bed_want(SHARED "vendor/deltachat/turn\ta@x.test\n", "N");
	bed_want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	bed_write_text("appversions.json", "{\"a\":1}\n");
	bed_want(SHARED "vendor/deltachat/appversions\ta@x.test\n",
		"O{\"a\":1}");
	bed_write_text("appversions.json",
		"{ \"clients\": [\n\t{ \"clientId\" : \"x y\" }\n] }\n\n");
	bed_want(SHARED "vendor/deltachat/appversions\ta@x.test\n",
		"O{\"clients\":[{\"clientId\":\"x y\"}]}");
	bed_write_text("appversions.json", "{\"clients\":[}\n");
	bed_want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	bed_write_text("appversions.json", "[]");
	bed_want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	bed_write_text("appversions.json", "");
	bed_want(SHARED "vendor/deltachat/appversions\ta@x.test\n", "N");
	bed_want(SHARED "vendor/deltachat/\ta@x.test\n", "N");
	bed_want("Lshared/x\ta@x.test\n", "N");
	bed_want("Lpriv/guid/other\ta@x.test\n", "N");
}

static void case_tokens(void)
{
	AUTO_FREE char *longest = bed_long_token(LONGEST_TOKEN);
	AUTO_FREE char *too_long = bed_long_token(LONGEST_TOKEN + 1);
	AUTO_FREE char *all = xasprintf("Oone {\"\\/two\"} %s", longest);

	bed_start();
	bed_want_tokens("alice", "N");
	bed_set_token("alice", "one");
	bed_set_token("alice", "{\"\\/two\"}");
	bed_set_token("alice", longest);
	bed_set_token("alice", "one");
	bed_want_tokens("alice", all);
	bed_set("alice", "devicetoken", too_long,
		"F7\tnot a device token: empty, too long, or with blanks");
	bed_set("alice", "devicetoken", "a b",
		"F7\tnot a device token: empty, too long, or with blanks");
	bed_set("alice", "other", "x", "N7");
	bed_set("alice", "messagenew", "", "N7");
	bed_set("nobody", "devicetoken", "x", "N7");
	bed_set("../../../tmp", "devicetoken", "x", "N7");
	bed_want_tokens("bob", "N");
	bed_stop(SIGKILL);
	bed_start();
	bed_want_tokens("alice", all);
	bed_want("B1\talice@x.test\nU1\tpriv/g/devicetoken\nC1\n", "O1");
	bed_want_tokens("alice", "N");
}

#define BOB "mail/bob@x.test/metadata.json"

/*
 * What a user sets wrongly becomes a line of two logs each time: there are
 * few, in whatever time, and others still hear of theirs.
 */
static void case_wrong(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	size_t n = 0;

	bed_start();
	for (int i = 1; i <= 100; i++)
		buf_addf(&text,
			"B%d\talice@x.test\nS%d\tpriv/g/devicetoken\ta b\n"
			"C%d\n",
			i, i, i);
	AUTO_FREE char *got = bed_ask(buf_str(&text), 100);
	for (const char *at = got; (at = strstr(at, "not a device")); at++)
		n++;
	if (n < 1 || n > 50)
		die("%zu of 100 were told", n);
	AUTO_FREE char *log = bed_read_text("log");
	n = 0;
	for (const char *at = log; (at = strstr(at, "not a device")); at++)
		n++;
	if (n > 50)
		die("%zu lines in the log", n);
	bed_set("bob", "devicetoken", "a b",
		"F7\tnot a device token: empty, too long, or with blanks");
}

static void case_files(void)
{
	AUTO_FREE char *stale = xasprintf(
		"{\"devicetoken\":{\"old\":%ld,\"new\":%ld.5},\"x\":[1]}",
		(long)time(NULL) - 91 * 86400, (long)time(NULL) - 89 * 86400);
	double until = push_server_now() + PATIENCE_SEC;

	bed_start();
	bed_write_text(BOB, "{\"devicetoken\": [\"a\", \"b\"]}");
	bed_want_tokens("bob", "Oa b");
	for (;;) {
		AUTO_FREE char *text = bed_read_text(BOB);
		if (strstr(text, "{\"a\":") && strstr(text, "\"b\":"))
			break;
		bed_fail_if(
			push_server_now() > until, "the list is not converted");
		poll(NULL, 0, 10);
	}
	bed_write_text(BOB, stale);
	bed_want_tokens("bob", "Onew");
	bed_set_token("bob", "more");
	AUTO_FREE char *text = bed_read_text(BOB);
	bed_fail_if(strstr(text, "old") || !strstr(text, "\"x\":[1]"),
		"stale tokens stay, or other members go");
	bed_write_text(BOB, "{\"devicetoken\": {\"a\": 1");
	bed_want_tokens("bob", "N");
	bed_set_token("bob", "again");
	bed_want_tokens("bob", "Oagain");
	bed_want_log("metadata.json put aside: reason=line 1: not JSON");
	bed_fail_if(!file_exists(BOB ".broken"), "the broken file is gone");
}

static void case_writers(void)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);

	bed_start();
	for (int i = 0; i < WRITERS_N; i++)
		buf_addf(&text,
			"B%d\tbob@x.test\nS%d\tpriv/g/devicetoken\tt%d\nC%d\n",
			i, i, i, i);
	free(bed_ask(buf_str(&text), WRITERS_N));
	AUTO_FREE char *json = bed_read_text(BOB);
	for (int i = 0; i < WRITERS_N; i++) {
		AUTO_FREE char *name = xasprintf("\"t%d\":", i);
		if (!strstr(json, name))
			die("%s is lost: %s", name, json);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "metadata-shared", case_shared },
	{ "metadata-tokens", case_tokens },
	{ "metadata-files", case_files },
	{ "metadata-wrong", case_wrong },
	{ "metadata-writers", case_writers },
	{ "metadata-notify", case_notify },
	{ "metadata-retry", case_retry },
	{ "metadata-kill", case_kill },
	{ "metadata-coalesce", case_coalesce },
	{ "metadata-share", case_share },
	{ "metadata-old", case_old },
	{ "metadata-away", case_away },
	{ "metadata-ends-busy", case_ends_busy },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: metadata PROGRAM CASE");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (strcmp(cases[i].name, argv[2]) != 0)
			continue;
		bed_set_up(argv[1]);
		cases[i].run();
		bed_stop(SIGTERM);
		AUTO_FREE char *log = bed_read_text("log");
		bed_fail_if(
			strstr(log, "ERROR: ") || strstr(log, "runtime error"),
			log);
		return 0;
	}
	die("%s: no such case", argv[2]);
}
