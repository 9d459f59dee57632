/* Cases of metadata.c: notices of new mail, and the server that takes them. */
#include "tests/t/metadata-cases.h"

#include <poll.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "tests/t/metadata-bed.h"

enum {
	/* Users with so many tokens each. */
	USERS_N = 20,
	TOKENS_N = 10,
};

void case_notify(void)
{
	AUTO_FREE char *longest = bed_long_token(LONGEST_TOKEN);

	push_server_open();
	bed_start();
	bed_message_new("alice");
	bed_set_token("alice", "one");
	bed_set_token("alice", longest);
	bed_set_token("alice", "gone1");
	bed_set_token("bob", "bobs");
	bed_message_new("alice");
	push_server_wait("one", 1);
	push_server_wait(longest, 1);
	push_server_wait("gone1", 1);
	bed_wait_for_queue(0);
	bed_fail_if(
		push_server_count_all() != 3, "posts that nobody asked for");
	double until = push_server_now() + PATIENCE_SEC;
	AUTO_FREE char *left = xasprintf("Oone %s", longest);
	for (;;) {
		AUTO_FREE char *got =
			bed_ask("Lpriv/g/devicetoken\talice@x.test\n", 1);
		if (strcmp(got, left) == 0)
			break;
		bed_fail_if(push_server_now() > until,
			"a token that is gone stays");
		poll(NULL, 0, 10);
	}
}

void case_retry(void)
{
	push_server_open();
	bed_start();
	bed_set_token("alice", "fail1");
	bed_set_token("alice", "late1");
	bed_set_token("alice", "reset1");
	bed_set_token("alice", "hang1");
	bed_set_token("bob", "bobs");
	bed_message_new("alice");
	push_server_wait("hang1", 1);
	bed_message_new("bob");
	push_server_wait("bobs", 1);
	push_server_wait("late1", 2);
	push_server_wait("fail1", 2);
	bed_wait_for_queue(2);
	double failed =
		push_server_time("fail1", 1) - push_server_time("fail1", 0);
	double late =
		push_server_time("late1", 1) - push_server_time("late1", 0);
	if (failed < 7.9 || failed > 12 || late < 9.9)
		die("tried again after %.1f s and %.1f s", failed, late);
	AUTO_FREE char *log = bed_read_text("log");
	bed_fail_if(strstr(log, "fail1") || strstr(log, "alice"),
		"the log tells tokens or addresses");
}

static void set_up_users(void)
{
	for (int i = 0; i < USERS_N; i++) {
		AUTO_FREE char *home = xasprintf("mail/u%d@x.test", i);
		AUTO_FREE char *user = xasprintf("u%d", i);
		mkdir(home, 0700);
		for (int k = 0; k < TOKENS_N; k++) {
			AUTO_FREE char *token = xasprintf("t%d-%d", i, k);
			bed_set_token(user, token);
		}
	}
}

static void message_new_for_all(void)
{
	for (int i = 0; i < USERS_N; i++) {
		AUTO_FREE char *user = xasprintf("u%d", i);
		bed_message_new(user);
	}
}

/* What was answered is never lost, wherever the process is killed. */
void case_kill(void)
{
	bed_start();
	set_up_users();
	message_new_for_all();
	bed_stop(SIGKILL);
	bed_fail_if(bed_count_queue() != USERS_N * TOKENS_N,
		"notifications are lost");
	bed_write_text("mail/pending_notifications/half.tmp", "alice@x");
	bed_write_text("mail/pending_notifications/odd", "no notification");
	push_server_open();
	bed_start();
	for (int round = 0; round < 3; round++) {
		push_server_serve(50);
		bed_stop(SIGKILL);
		bed_start();
	}
	/* What is left is the odd one, put aside. */
	bed_wait_for_queue(1);
	for (int i = 0; i < USERS_N * TOKENS_N; i++) {
		AUTO_FREE char *token =
			xasprintf("t%d-%d", i / TOKENS_N, i % TOKENS_N);
		if (push_server_count(token) < 1)
			die("%s: never posted", token);
	}
	bed_fail_if(push_server_count_all() > USERS_N * TOKENS_N + 4 * 16,
		"more was repeated than in flight");
	bed_want_log("broken notification put aside: file=odd");
}

/* However many messages come, a token wakes its phone once a second. */
void case_coalesce(void)
{
	enum {
		POSTS = 4,
	};

	push_server_open();
	bed_start();
	bed_set_token("alice", "one");
	bed_set_token("alice", "two");
	uint64_t began = clock_msec();
	for (int i = 0; i < 300; i++)
		bed_message_new("alice");
	bed_fail_if(bed_count_queue() > 4, "a token has several in the queue");
	push_server_wait("one", 2);
	push_server_wait("two", 1);
	for (size_t n = 3; n <= POSTS; n++) {
		bed_message_new("alice");
		push_server_wait("one", n);
	}
	/* However late each was seen: they take that long at the least. */
	uint64_t took = clock_msec() - began;
	bed_fail_if(took < (POSTS - 1) * 1000 - 100, "woken again too soon");
	bed_wait_for_queue(0);
	took = clock_msec() - began;
	bed_fail_if(push_server_count_all() > 2 * (took / 1000 + 2),
		"a flood of posts");
}

/* A user who sets new tokens again and again has no more in the queue. */
void case_share(void)
{
	bed_start();
	bed_set_token("bob", "bobs");
	for (int i = 0; i < 120; i++) {
		AUTO_FREE char *token = xasprintf("t%d", i);
		bed_set_token("alice", token);
		bed_message_new("alice");
	}
	bed_fail_if(bed_count_queue() != 100, "no limit for a user");
	bed_message_new("bob");
	bed_fail_if(
		bed_count_queue() != 101, "one user's flood stops another's");
	push_server_open();
	bed_wait_for_queue(0);
	push_server_wait("bobs", 1);
}

void case_old(void)
{
	AUTO_FREE char *old = xasprintf(
		"alice@x.test\n%ld\noldtoken", (long)time(NULL) - 5 * 3600 - 1);
	AUTO_FREE char *fresh = xasprintf("alice@x.test\n%ld\nnewtoken",
		(long)time(NULL) - 5 * 3600 + 300);

	mkdir("mail/pending_notifications", 0700);
	bed_write_text("mail/pending_notifications/foreign-name_1", old);
	bed_write_text("mail/pending_notifications/foreign-name_2", fresh);
	push_server_open();
	bed_start();
	push_server_wait("newtoken", 1);
	bed_wait_for_queue(0);
	bed_fail_if(push_server_count("oldtoken") != 0, "too old, and posted");
	bed_want_log("notification dropped: reason=too-old");
}

/* A server that is away costs next to nothing, and is found again. */
void case_away(void)
{
	bed_start();
	set_up_users();
	bed_set_token("bob", "two");
	for (int i = 0; i < 10; i++)
		message_new_for_all();
	bed_want_log("notification server: no service");
	double used = bed_cpu_seconds();
	double until = push_server_now() + 3;
	while (push_server_now() < until)
		push_server_serve(
			(int)((until - push_server_now()) * 1000) + 1);
	used = bed_cpu_seconds() - used;
	if (used > 0.3)
		die("%.2f s of CPU in 3 s while the server is away", used);
	push_server_open();
	bed_message_new("bob");
	push_server_wait("two", 1);
	for (int i = 0; i < USERS_N * TOKENS_N; i++) {
		AUTO_FREE char *token =
			xasprintf("t%d-%d", i / TOKENS_N, i % TOKENS_N);
		push_server_wait(token, 1);
	}
	bed_want_log("notification server: in service again");
}

/* While requests are under way; they are in the queue afterwards. */
void case_ends_busy(void)
{
	push_server_open();
	bed_start();
	bed_set_token("alice", "hang1");
	bed_set_token("alice", "hang2");
	bed_message_new("alice");
	push_server_wait("hang1", 1);
	bed_message_new("alice");
	bed_stop(SIGTERM);
	/* The second one stands for the third. */
	bed_wait_for_queue(3);
	bed_start();
}
