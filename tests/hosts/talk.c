/*
 * talk DIR LINK LINK [flow | idle]: two people make their accounts by the links,
 * scan each other's code, and write both ways, by a real core whose files
 * are in DIR. Prints `chatted` then.
 *
 * With `flow` the first writes to the second, a message every half a
 * second, until standard input ends; then all of them must have come, and
 * their number is printed. With `idle` both are silent until it ends, and
 * write once more then.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "deltachat/chat.h"
#include "lib/clock.h"
#include "lib/die.h"

enum {
	FLOW_STEP_MS = 500,
	FLOW_MAX_UNDER_WAY = 40,
	ARRIVE_MS = 120000,
	ARRIVE_STEP_MS = 500,
	/* A host may be starting anew meanwhile. */
	WAIT_MS = 90000,
};

struct talk {
	struct rpc *rpc;
	struct chat_user alice, bob;
	uint32_t alice_chat, bob_chat;
};

static int sign_up(struct rpc *rpc, const char *link, struct chat_user *user,
	struct buf *why)
{
	int r = chat_add_user(rpc, user, why);

	return r < 0 ? r : chat_sign_up(user, link, why);
}

static int befriend(struct talk *t, struct buf *why)
{
	AUTO_FREE char *invitation = NULL;
	uint32_t contact;
	int r = chat_invite(&t->alice, 0, &invitation, why);

	if (r == 0)
		r = chat_join(&t->bob, invitation, &t->bob_chat, why);
	if (r == 0)
		r = chat_wait_joined(&t->bob, why);
	if (r == 0)
		r = chat_wait_guest(&t->alice, &contact, why);
	if (r == 0)
		r = chat_with(&t->alice, contact, &t->alice_chat, why);
	return r;
}

static int exchange(const struct talk *t, struct buf *why)
{
	uint32_t msg;
	int r = chat_send_text(&t->alice, t->alice_chat, "hello", &msg, why);

	if (r == 0)
		r = chat_wait_text(&t->bob, "hello", NULL, why);
	if (r == 0)
		r = chat_wait_state(&t->alice, msg, CHAT_OUT_DELIVERED, why);
	if (r == 0)
		r = chat_send_text(&t->bob, t->bob_chat, "good day", NULL, why);
	if (r == 0)
		r = chat_wait_text(&t->alice, "good day", NULL, why);
	return r;
}

/* Nobody reads: what comes stays fresh. */
static int count_fresh(const struct talk *t, size_t *ret_n, struct buf *why)
{
	json_t *result = NULL;
	int r = rpc_call(t->rpc, "get_fresh_msg_cnt",
		json_pack("[ii]", (int)t->bob.account, (int)t->bob_chat),
		&result, why);

	if (r < 0)
		return r;
	*ret_n = (size_t)json_integer_value(result);
	json_decref(result);
	return 0;
}

static int wait_all(const struct talk *t, size_t n, struct buf *why)
{
	uint64_t end = clock_msec() + ARRIVE_MS;
	size_t n_there = 0;

	while (clock_msec() < end) {
		int r = count_fresh(t, &n_there, why);
		if (r < 0 || n_there >= n)
			return r;
		poll(NULL, 0, ARRIVE_STEP_MS);
	}
	return because(
		why, -ETIMEDOUT, "%zu messages of %zu have come", n_there, n);
}

static int flow(const struct talk *t, struct buf *why)
{
	struct pollfd end = { .fd = 0, .events = POLLIN };
	size_t n_before, n_there, n = 0;
	int r = count_fresh(t, &n_before, why);

	n_there = n_before;
	while (r == 0 && poll(&end, 1, FLOW_STEP_MS) == 0) {
		AUTO_FREE char *text = xasprintf("message %zu", n);
		/* A slow relay must not be left with a backlog of minutes. */
		if (n_before + n - n_there < FLOW_MAX_UNDER_WAY) {
			n++;
			r = chat_send_text(
				&t->alice, t->alice_chat, text, NULL, why);
		}
		if (r == 0)
			r = count_fresh(t, &n_there, why);
	}
	if (r == 0)
		r = wait_all(t, n_before + n, why);
	if (r == 0)
		printf("%zu messages have come\n", n);
	return r;
}

static int idle(const struct talk *t, struct buf *why)
{
	struct pollfd end = { .fd = 0, .events = POLLIN };

	poll(&end, 1, -1);
	int r = exchange(t, why);
	if (r == 0)
		puts("chatted again");
	return r;
}

static int talk(struct talk *t, const char *const *links, const char *mode,
	struct buf *why)
{
	int r = sign_up(t->rpc, links[0], &t->alice, why);

	if (r == 0)
		r = sign_up(t->rpc, links[1], &t->bob, why);
	if (r == 0)
		r = befriend(t, why);
	if (r == 0)
		r = exchange(t, why);
	if (r < 0)
		return r;
	puts("chatted");
	fflush(stdout);
	if (!mode)
		return 0;
	return strcmp(mode, "flow") == 0 ? flow(t, why) : idle(t, why);
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *core = getenv("RPC_SERVER");
	struct talk t = { 0 };

	if (argc < 4 || argc > 5 ||
		(argc == 5 && strcmp(argv[4], "flow") != 0 &&
			strcmp(argv[4], "idle") != 0))
		die("usage: talk DIR LINK LINK [flow | idle]");
	if (!core)
		die("RPC_SERVER is not set: run me by scripts/test");
	AUTO_FREE char *accounts = xasprintf("%s/accounts", argv[1]);
	AUTO_FREE char *log = xasprintf("%s/core.log", argv[1]);
	struct rpc_options options = {
		.server = core,
		.accounts_dir = accounts,
		.log_path = log,
		.timeout_ms = WAIT_MS,
	};
	int r = rpc_open(&options, &t.rpc, &why);
	if (r == 0)
		r = talk(&t, (const char *const *)argv + 2, argv[4], &why);
	rpc_close(t.rpc);
	if (r < 0)
		die("%s", buf_str(&why));
	return 0;
}
