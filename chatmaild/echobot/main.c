/*
 * echobot - answers at echo@ with what it was sent, by a Delta Chat core that
 * it drives: people try their app and the relay with it.
 *
 *	echobot INI HOST SECRET STATE CORE
 *
 * HOST is where the relay listens, SECRET the file with the bot's password,
 * STATE the folder for its account, CORE the program deltachat-rpc-server.
 * The invitation is put into STATE/public: `invite` is the link, `invite.svg`
 * its QR code, and `index.html` leads there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "chatmaild/common/config.h"
#include "deltachat/bot.h"
#include "lib/clock.h"
#include "lib/die.h"
#include "lib/file.h"

enum {
	ARGS = 6,
	SECRET_MAX_BYTES = 256,
	PAGE_MAX_BYTES = 1 << 20,
	LOG_IN_MSEC = 120000,
	TRY_MSEC = 20000, /* the relay may start at the same time */
};

static const char greeting[] =
	"Hello! I send back what you send me: text, files, reactions. "
	"/help says more.";
static const char help[] =
	"I am the echo bot of this relay. Send me a message or a file, and "
	"you get the same back; react to a message of mine, and I react in "
	"the same way. When that works, your app and the relay work. I "
	"forget what you sent within a day.";

struct echobot {
	struct config config;
	const char *host, *secret_path, *state, *core;
	struct rpc *rpc;
	struct chat_user bot;
};

static const char *answer(const char *text)
{
	return strcmp(text, "/help") == 0 ? help : NULL;
}

/* The relay is reached where it listens, not by its name. */
static int log_in(struct echobot *e, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf secret =
		BUF_INIT(SECRET_MAX_BYTES);
	__attribute__((cleanup(buf_release_secret))) struct buf link =
		BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = file_read(e->secret_path, &secret, why);

	if (r < 0)
		return r;
	buf_addf(&link, "dclogin:echo@%s?p=%s&v=1&ih=%s&sh=%s&ic=3",
		e->config.address_domain, buf_str(&secret), e->host, e->host);
	int limit = rpc_set_timeout(e->rpc, LOG_IN_MSEC);
	uint64_t end = clock_msec() + TRY_MSEC;
	r = bot_log_in(&e->bot, buf_str(&link), why);
	while (r < 0 && clock_msec() < end) {
		sleep(1);
		r = bot_log_in(&e->bot, buf_str(&link), why);
	}
	rpc_set_timeout(e->rpc, limit);
	return r;
}

static int write_public(const struct echobot *e, const char *name,
	const char *text, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/public/%s", e->state, name);

	return file_write(path, slice_of(text),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
}

/* The link is core's: characters of a URI, and none that HTML knows but &. */
static void add_page(struct buf *page, const char *link)
{
	AUTO_BUF struct buf href = BUF_INIT(PAGE_MAX_BYTES);

	for (const char *p = link; *p; p++) {
		if (*p == '&' || *p == '"' || *p == '<')
			buf_addf(&href, "&#%d;", *p);
		else
			buf_add_char(&href, *p);
	}
	buf_addf(page,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<meta "
		"charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>Echo bot</title>\n"
		"<meta http-equiv=\"refresh\" content=\"0; url=%s\">\n"
		"<link rel=\"stylesheet\" href=\"/main.css\">\n"
		"<main><p><a href=\"%s\">Chat with the echo bot</a></p>\n"
		"<p><img src=\"invite.svg\" alt=\"QR code of the "
		"invitation\"></p></main>\n</html>\n",
		buf_str(&href), buf_str(&href));
}

/* Once: core would make another link, and people have the first one. */
static int publish(const struct echobot *e, struct buf *why)
{
	AUTO_FREE char *link = NULL, *svg = NULL;
	AUTO_FREE char *dir = xasprintf("%s/public", e->state);
	AUTO_FREE char *last = xasprintf("%s/index.html", dir);
	AUTO_BUF struct buf page = BUF_INIT(PAGE_MAX_BYTES);

	if (file_exists(last))
		return 0;
	int r = bot_invite(&e->bot, &link, &svg, why);
	if (r == 0)
		r = dir_make(dir, 0755, why);
	if (r < 0)
		return r;
	add_page(&page, link);
	r = write_public(e, "invite", link, why);
	if (r == 0)
		r = write_public(e, "invite.svg", svg, why);
	return r < 0 ? r : write_public(e, "index.html", buf_str(&page), why);
}

static int start(struct echobot *e, struct buf *why)
{
	AUTO_FREE char *dir = xasprintf("%s/core", e->state);
	AUTO_FREE char *accounts = xasprintf("%s/accounts", dir);
	const struct rpc_options options = {
		.server = e->core,
		.accounts_dir = accounts,
		/* It would hold what people write. */
		.log_path = "/dev/null",
	};
	/* Keys and messages are in there. */
	int r = dir_make(dir, 0700, why);

	if (r == 0)
		r = rpc_open(&options, &e->rpc, why);
	if (r == 0)
		r = bot_open(e->rpc, "Echo", &e->bot, why);
	if (r == 0)
		r = log_in(e, why);
	return r < 0 ? r : publish(e, why);
}

static int serve(struct echobot *e, struct buf *why)
{
	int r = start(e, why);

	if (r < 0)
		return r;
	sd_notify(0, "READY=1");
	while (r == 0) {
		r = bot_answer_all(&e->bot, answer, why);
		if (r == 0)
			r = bot_wait(&e->bot, greeting, why);
	}
	return r;
}

int main(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct echobot e = { 0 };

	if (argc != ARGS)
		die("usage: echobot INI HOST SECRET STATE CORE");
	if (config_load(argv[1], &e.config, NULL, NULL, &why) < 0)
		die("%s", buf_str(&why));
	e.host = argv[2];
	e.secret_path = argv[3];
	e.state = argv[4];
	e.core = argv[5];
	umask(022);
	serve(&e, &why);
	rpc_close(e.rpc);
	die("%s", buf_str(&why));
}
