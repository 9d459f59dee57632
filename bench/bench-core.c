/*
 * bench-core - how soon a message is there, from app to app: from the call
 * that sends it to the event that tells of it, through two real Delta Chat
 * cores and the whole relay between them.
 *
 * Usage: bench-core SERVER ADDRESS DIR [COUNT]
 *
 * SERVER is deltachat-rpc-server. The relay at ADDRESS was made by
 * `cmdeploy up --dir DIR`, runs already, and lets anybody create an account.
 * A quarter of the COUNT messages (60) is then measured with the plugin
 * instant-idle(7) switched off. A core sends one message a second, so they go
 * no faster than that.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/stock.h"
#include "cmdeploy/rpc/chat.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/num.h"
#include "lib/random.h"

enum {
	COUNT_DEFAULT = 60,
	COUNT_MAX = 100000,
	STOCK_SHARE = 4,
	NSEC_PER_MSEC = 1000000,
	PAUSE_MAX_NSEC = 300000000,
};

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* One core each, as on two phones. */
struct phone {
	struct rpc *rpc;
	struct chat_user user;
};

static double now_msec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / NSEC_PER_MSEC;
}

static void must(int result, const struct buf *why)
{
	if (result < 0)
		die("%s", buf_str(why));
}

static char *invent_link(const char *host)
{
	AUTO_BUF struct buf name = BUF_INIT(64);
	AUTO_BUF struct buf password = BUF_INIT(64);

	random_add_text(&name, name_chars, 9);
	random_add_text(&password, name_chars, 22);
	return xasprintf("dclogin:%s@[%s]?p=%s&v=1&ih=%s&sh=%s&ic=3",
		buf_str(&name), host, buf_str(&password), host, host);
}

static void open_phone(struct phone *phone, const char *server,
	const char *host, const char *dir)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *accounts = xasprintf("%s/accounts", dir);
	AUTO_FREE char *log = xasprintf("%s/core.log", dir);
	AUTO_FREE char *link = invent_link(host);
	const struct rpc_options options = {
		.server = server,
		.accounts_dir = accounts,
		.log_path = log,
	};

	must(rpc_open(&options, &phone->rpc, &why), &why);
	must(chat_add_user(phone->rpc, &phone->user, &why), &why);
	must(chat_sign_up(&phone->user, link, &why), &why);
}

static void befriend(const struct phone *host, const struct phone *guest,
	uint32_t *ret_host_chat)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *invitation = NULL;
	uint32_t contact, ignored;

	must(chat_invite(&host->user, 0, &invitation, &why), &why);
	must(chat_join(&guest->user, invitation, &ignored, &why), &why);
	must(chat_wait_joined(&guest->user, &why), &why);
	must(chat_wait_guest(&host->user, &contact, &why), &why);
	must(chat_with(&host->user, contact, ret_host_chat, &why), &why);
}

/* More than a second, in step with nothing. */
static void pause_a_second(void)
{
	const struct timespec pause = {
		.tv_sec = 1,
		.tv_nsec = random_below(PAUSE_MAX_NSEC),
	};

	nanosleep(&pause, NULL);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double send_one(const struct phone *from, uint32_t chat,
	const struct phone *to, size_t number)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *text = xasprintf("message %zu", number);
	double began = now_msec();

	must(chat_send_text(&from->user, chat, text, NULL, &why), &why);
	must(chat_wait_text(&to->user, text, NULL, &why), &why);
	return now_msec() - began;
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
	qsort(msec, n, sizeof(*msec), by_value);
	printf("%-12s %zu messages  p50 %.1f ms  p99 %.1f ms  max %.1f ms\n",
		what, n, msec[n / 2], msec[n * 99 / 100], msec[n - 1]);
	fflush(stdout);
	return msec[n / 2];
}

/* A connection keeps what it was opened with. */
static void reconnect(const struct phone *phone)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	must(chat_stop_io(&phone->user, &why), &why);
	must(chat_start_io(&phone->user, &why), &why);
}

static void run(char **argv, size_t n)
{
	AUTO_FREE char *one = xasprintf("%s/bench-core-1", argv[3]);
	AUTO_FREE char *two = xasprintf("%s/bench-core-2", argv[3]);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct phone alice, bob;
	uint32_t chat;

	must(dir_make(one, 0700, &why), &why);
	must(dir_make(two, 0700, &why), &why);
	open_phone(&alice, argv[1], argv[2], one);
	open_phone(&bob, argv[1], argv[2], two);
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

	if (argc < 4 || argc > 5 ||
		(argc > 4 &&
			num_parse_max(slice_of(argv[4]), COUNT_MAX, &count) <
				0) ||
		!count)
		die("usage: bench-core SERVER ADDRESS DIR [COUNT]");
	run(argv, count);
	return 0;
}
