/*
 * bot.h - what a bot does with an account, over rpc.h: it keeps its account
 * from run to run, takes what has come since, and answers. Errors are those
 * of rpc.h.
 */
#ifndef DELTACHAT_BOT_H
#define DELTACHAT_BOT_H

#include "deltachat/chat.h"

/* The account of earlier runs, or a new one; marked as a bot's. */
int bot_open(struct rpc *rpc, const char *name, struct chat_user *ret_bot,
	struct buf *why) MUST_CHECK;
/* Logs in by this link, unless it did so before, and starts its I/O. */
int bot_log_in(const struct chat_user *bot, const char *link,
	struct buf *why) MUST_CHECK;
/* Its invitation, and the QR code of it as SVG; the caller frees both. */
int bot_invite(const struct chat_user *bot, char **ret_link, char **ret_svg,
	struct buf *why) MUST_CHECK;

/* What it says; NULL: it has nothing to say. The text is static. */
typedef const char *(*bot_answer_fn)(const char *text);

/*
 * Answers all messages that nobody has answered yet: with what answer() says
 * to their text, or else with their content. Those of bots are passed over.
 */
int bot_answer_all(const struct chat_user *bot, bot_answer_fn answer,
	struct buf *why) MUST_CHECK;
/*
 * Waits for something to happen, for the time limit of the rpc at most. Who
 * has scanned the invitation gets `greeting`; a reaction is answered by the
 * same one.
 */
int bot_wait(const struct chat_user *bot, const char *greeting,
	struct buf *why) MUST_CHECK;

#endif
