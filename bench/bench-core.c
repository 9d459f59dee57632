/*
 * bench-core - how soon a message is there, from app to app: from the call
 * that sends it to the event that tells of it, through two real Delta Chat
 * cores and the whole relay between them.
 *
 * Usage: bench-core SERVER ADDRESS DIR [COUNT [OTHER]]
 *
 * SERVER is deltachat-rpc-server. The relay at ADDRESS was made by
 * `cmdeploy up --dir DIR`, runs already, and lets anybody create an account.
 * A quarter of the COUNT messages (60) is then measured with the plugin
 * instant-idle(7) switched off. A core sends one message a second, so they go
 * no faster than that. With OTHER, the address of a second relay, all COUNT
 * messages go from the first relay to that one, and nothing is switched off.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/figures.h"
#include "bench/newcomer.h"
#include "bench/stock.h"
#include "deltachat/chat.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"
#include "tests/client/must.h"

enum {
	COUNT_DEFAULT = 60,
	COUNT_MAX = 100000,
	STOCK_SHARE = 4,
	PAUSE_MAX_NSEC = 300000000,
};

/* One core each, as on two phones. */
struct phone {
	struct rpc *rpc;
	struct chat_user user;
};

static char *invent_link(const char *host)
{
	struct newcomer n = newcomer_invent();

	return xasprintf("dclogin:%s@[%s]?p=%s&v=1&ih=%s&sh=%s&ic=3", n.name,
		host, n.password, host, host);
}

static void open_phone(struct phone *phone, const char *server,
	const char *host, const char *dir)
{
	AUTO_FREE char *accounts = xasprintf("%s/accounts", dir);
	AUTO_FREE char *log = xasprintf("%s/core.log", dir);
	AUTO_FREE char *link = invent_link(host);
	const struct rpc_options options = {
		.server = server,
		.accounts_dir = accounts,
		.log_path = log,
	};

	MUST(rpc_open(&options, &phone->rpc, why));
	MUST(chat_add_user(phone->rpc, &phone->user, why));
	MUST(chat_sign_up(&phone->user, link, why));
}

static void befriend(const struct phone *host, const struct phone *guest,
	uint32_t *ret_host_chat)
{
	AUTO_FREE char *invitation = NULL;
	uint32_t contact, ignored;

	MUST(chat_invite(&host->user, 0, &invitation, why));
	MUST(chat_join(&guest->user, invitation, &ignored, why));
	MUST(chat_wait_joined(&guest->user, why));
	MUST(chat_wait_guest(&host->user, &contact, why));
	MUST(chat_with(&host->user, contact, ret_host_chat, why));
}

/* More than a second, in step with nothing. */
static void pause_a_second(void)
{
	const struct timespec pause = {
		.tv_sec = 1,
		.tv_nsec = arc4random_uniform(PAUSE_MAX_NSEC),
	};

	nanosleep(&pause, NULL);
}

static double send_one(const struct phone *from, uint32_t chat,
	const struct phone *to, size_t number)
{
	AUTO_FREE char *text = xasprintf("message %zu", number);
	double began = figures_msec();

	MUST(chat_send_text(&from->user, chat, text, NULL, why));
	MUST(chat_wait_text(&to->user, text, NULL, why));
	return figures_msec() - began;
}

/* Prints a line; the median. */
static double measure(const char *what, const struct phone *from, uint32_t chat,
	const struct phone *to, size_t n)
{
	AUTO_FREE double *msec = xcalloc(n, sizeof(*msec));

	for (size_t i = 0; i < n; i++) {
		pause_a_second();
		msec[i] = send_one(from, chat, to, i);
	}
	return figures_print(what, msec, n);
}

/* A connection keeps what it was opened with. */
static void reconnect(const struct phone *phone)
{

	MUST(chat_stop_io(&phone->user, why));
	MUST(chat_start_io(&phone->user, why));
}

static void open_phones(
	char **argv, const char *other, struct phone *alice, struct phone *bob)
{
	AUTO_FREE char *one = xasprintf("%s/bench-core-1", argv[3]);
	AUTO_FREE char *two = xasprintf("%s/bench-core-2", argv[3]);

	MUST(dir_make(one, 0700, why));
	MUST(dir_make(two, 0700, why));
	open_phone(alice, argv[1], argv[2], one);
	open_phone(bob, argv[1], other, two);
}

static void run_between(char **argv, size_t n)
{
	struct phone alice, bob;
	uint32_t chat;

	open_phones(argv, argv[5], &alice, &bob);
	befriend(&alice, &bob, &chat);
	measure("to another relay", &alice, chat, &bob, n);
	rpc_close(alice.rpc);
	rpc_close(bob.rpc);
}

static void run(char **argv, size_t n)
{
	struct phone alice, bob;
	uint32_t chat;

	open_phones(argv, argv[2], &alice, &bob);
	befriend(&alice, &bob, &chat);
	double median = measure("instant-idle", &alice, chat, &bob, n);
	stock_switch_off(argv[3]);
	reconnect(&bob);
	double stock = measure("stock", &alice, chat, &bob,
		(n + STOCK_SHARE - 1) / STOCK_SHARE);
	printf("ratio of the medians: %.1f\n", stock / median);
	rpc_close(alice.rpc);
	rpc_close(bob.rpc);
}

int main(int argc, char **argv)
{
	uint64_t count = COUNT_DEFAULT;

	if (argc < 4 || argc > 6 ||
		(argc > 4 &&
			num_parse_max(slice_of(argv[4]), COUNT_MAX, &count) <
				0) ||
		!count)
		die("usage: bench-core SERVER ADDRESS DIR [COUNT [OTHER]]");
	if (argc == 6)
		run_between(argv, count);
	else
		run(argv, count);
	return 0;
}
