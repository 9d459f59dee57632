/* An account that answers, over core's methods for bots (bot.h). */
#include "deltachat/bot.h"

#include <errno.h>
#include <string.h>

enum {
	PROGRESS_DONE = 1000,
	KEEP_SEC = 86400, /* messages in core's database */
};

/* In core's settings: the link by which it has logged in. */
static const char link_key[] = "ui.echobot.link";

static int set_config(const struct chat_user *bot, const char *key,
	const char *value, struct buf *why)
{
	return chat_call(
		bot, "set_config", json_pack("[ss]", key, value), NULL, why);
}

int bot_open(struct rpc *rpc, const char *name, struct chat_user *ret_bot,
	struct buf *why)
{
	AUTO_FREE char *keep = xasprintf("%d", KEEP_SEC);
	json_t *ids = NULL;
	int r = rpc_call(rpc, "get_all_account_ids", NULL, &ids, why);

	if (r < 0)
		return r;
	*ret_bot = (struct chat_user){
		.rpc = rpc,
		.account = (uint32_t)json_integer_value(json_array_get(ids, 0)),
	};
	json_decref(ids);
	if (!ret_bot->account)
		r = chat_add_user(rpc, ret_bot, why);
	if (r == 0)
		r = set_config(ret_bot, "bot", "1", why);
	if (r == 0)
		r = set_config(ret_bot, "displayname", name, why);
	return r < 0 ? r
		     : set_config(ret_bot, "delete_device_after", keep, why);
}

int bot_log_in(const struct chat_user *bot, const char *link, struct buf *why)
{
	AUTO_FREE char *known = NULL;
	int r = chat_get_config(bot, link_key, &known, why);

	if (r < 0)
		return r;
	if (strcmp(known, link) == 0)
		return chat_start_io(bot, why);
	r = chat_sign_up(bot, link, why);
	return r < 0 ? r : set_config(bot, link_key, link, why);
}

int bot_invite(const struct chat_user *bot, char **ret_link, char **ret_svg,
	struct buf *why)
{
	json_t *pair = NULL;
	int r = chat_call(bot, "get_chat_securejoin_qr_code_svg",
		json_pack("[n]"), &pair, why);

	if (r < 0)
		return r;
	const char *link = json_string_value(json_array_get(pair, 0));
	const char *svg = json_string_value(json_array_get(pair, 1));
	if (link && svg) {
		*ret_link = xstrdup(link);
		*ret_svg = xstrdup(svg);
	} else {
		r = because(why, -EPROTO, "core gave no invitation");
	}
	json_decref(pair);
	return r;
}

static int send(const struct chat_user *bot, json_t *chat, json_t *data,
	struct buf *why)
{
	/* A first message may still wait for a person to let it in. */
	int r = chat_call(
		bot, "accept_chat", json_pack("[O]", chat), NULL, why);

	if (r == 0)
		return chat_call(bot, "send_msg", json_pack("[Oo]", chat, data),
			NULL, why);
	json_decref(data);
	return r;
}

/* The members of a message that make its content. */
static json_t *copy_of(json_t *message)
{
	static const char *const of_file[][2] = {
		{ "file", "file" },
		{ "filename", "fileName" },
		{ "viewtype", "viewType" },
	};
	json_t *copy = json_object();
	const char *file = json_string_value(json_object_get(message, "file"));

	json_object_set(copy, "text", json_object_get(message, "text"));
	for (size_t i = 0; file && file[0] && i < ARRAY_LEN(of_file); i++)
		json_object_set(copy, of_file[i][0],
			json_object_get(message, of_file[i][1]));
	return copy;
}

static bool is_true(json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* One that core cannot send, such as an empty one, is left unanswered. */
static int answer_one(const struct chat_user *bot, json_t *id,
	bot_answer_fn answer, struct buf *why)
{
	json_t *message = NULL;
	int r = chat_call(
		bot, "get_message", json_pack("[O]", id), &message, why);

	if (r < 0)
		return r == -EREMOTEIO ? 0 : r;
	const char *text = json_string_value(json_object_get(message, "text"));
	const char *said = text ? answer(text) : NULL;
	if (!is_true(message, "isInfo") && !is_true(message, "isBot"))
		r = send(bot, json_object_get(message, "chatId"),
			said ? json_pack("{ss}", "text", said)
			     : copy_of(message),
			why);
	json_decref(message);
	return r == -EREMOTEIO ? 0 : r;
}

/* Core remembers up to which message all is done. */
static int note_done(const struct chat_user *bot, json_t *id, struct buf *why)
{
	AUTO_FREE char *text =
		xasprintf("%lld", (long long)json_integer_value(id));

	return set_config(bot, "last_msg_id", text, why);
}

int bot_answer_all(
	const struct chat_user *bot, bot_answer_fn answer, struct buf *why)
{
	json_t *ids = NULL, *id;
	size_t i;
	int r = chat_call(bot, "get_next_msgs", json_array(), &ids, why);

	if (r < 0)
		return r;
	json_array_foreach(ids, i, id)
	{
		r = answer_one(bot, id, answer, why);
		if (r == 0)
			r = note_done(bot, id, why);
		if (r < 0)
			break;
	}
	json_decref(ids);
	return r;
}

static int greet(const struct chat_user *bot, json_t *event,
	const char *greeting, struct buf *why)
{
	uint32_t chat = 0;

	if (json_integer_value(json_object_get(event, "progress")) !=
		PROGRESS_DONE)
		return 0;
	int r = chat_with(bot,
		(uint32_t)json_integer_value(
			json_object_get(event, "contactId")),
		&chat, why);
	return r < 0 ? r : chat_send_text(bot, chat, greeting, NULL, why);
}

static int react(const struct chat_user *bot, json_t *event, struct buf *why)
{
	return chat_call(bot, "send_reaction",
		json_pack("[O[O]]", json_object_get(event, "msgId"),
			json_object_get(event, "reaction")),
		NULL, why);
}

int bot_wait(const struct chat_user *bot, const char *greeting, struct buf *why)
{
	json_t *event = NULL;
	int r = rpc_wait_event(
		bot->rpc, bot->account, NULL, NULL, NULL, &event, why);

	if (r < 0)
		return r == -ETIMEDOUT ? 0 : r;
	const char *kind = json_string_value(json_object_get(event, "kind"));
	if (kind && strcmp(kind, "SecurejoinInviterProgress") == 0)
		r = greet(bot, event, greeting, why);
	else if (kind && strcmp(kind, "IncomingReaction") == 0)
		r = react(bot, event, why);
	json_decref(event);
	return r == -EREMOTEIO ? 0 : r;
}
