/*
 * chat.c - each function is one or two calls of core's methods, and where it
 * waits, a loop over core's events.
 */
#include "deltachat/chat.h"

#include <errno.h>
#include <string.h>

#include "deltachat/channel.h"

enum {
	PROGRESS_DONE = 1000,
	/* How long one event is waited for before the state is asked. */
	STATE_STEP_MS = 2000,
};

int chat_call(const struct chat_user *user, const char *method, json_t *params,
	json_t **ret_result, struct buf *why)
{
	if (!params)
		return because(why, -EINVAL, "%s: text is not UTF-8", method);
	json_array_insert_new(params, 0, json_integer(user->account));
	return rpc_call(user->rpc, method, params, ret_result, why);
}

static int call_for_id(const struct chat_user *user, const char *method,
	json_t *params, uint32_t *ret_id, struct buf *why)
{
	json_t *result = NULL;
	int r = chat_call(user, method, params, &result, why);

	if (r < 0)
		return r;
	/* misc_send_msg answers with a pair of the id and the message. */
	json_int_t id = json_integer_value(
		json_is_array(result) ? json_array_get(result, 0) : result);
	json_decref(result);
	if (id <= 0 || id > UINT32_MAX)
		return because(why, -EPROTO, "%s: answered no id", method);
	if (ret_id)
		*ret_id = (uint32_t)id;
	return 0;
}

static int call_for_text(const struct chat_user *user, const char *method,
	json_t *params, char **ret_text, struct buf *why)
{
	json_t *result = NULL;
	int r = chat_call(user, method, params, &result, why);

	if (r < 0)
		return r;
	const char *text = json_string_value(result);
	*ret_text = xstrdup(text ? text : "");
	json_decref(result);
	return 0;
}

int chat_add_user(struct rpc *rpc, struct chat_user *ret_user, struct buf *why)
{
	json_t *id = NULL;
	int r = rpc_call(rpc, "add_account", NULL, &id, why);

	if (r < 0)
		return r;
	*ret_user = (struct chat_user){
		.rpc = rpc,
		.account = (uint32_t)json_integer_value(id),
	};
	json_decref(id);
	return 0;
}

int chat_sign_up(
	const struct chat_user *user, const char *link, struct buf *why)
{
	int r = chat_call(user, "add_transport_from_qr", json_pack("[s]", link),
		NULL, why);

	return r < 0 ? r : chat_start_io(user, why);
}

int chat_get_config(const struct chat_user *user, const char *key,
	char **ret_value, struct buf *why)
{
	return call_for_text(
		user, "get_config", json_pack("[s]", key), ret_value, why);
}

int chat_start_io(const struct chat_user *user, struct buf *why)
{
	return chat_call(user, "start_io", json_array(), NULL, why);
}

int chat_stop_io(const struct chat_user *user, struct buf *why)
{
	return chat_call(user, "stop_io", json_array(), NULL, why);
}

int chat_invite(const struct chat_user *user, uint32_t group, char **ret_qr,
	struct buf *why)
{
	json_t *chat = group ? json_integer(group) : json_null();

	return call_for_text(user, "get_chat_securejoin_qr_code",
		json_pack("[o]", chat), ret_qr, why);
}

int chat_join(const struct chat_user *user, const char *qr, uint32_t *ret_chat,
	struct buf *why)
{
	return call_for_id(
		user, "secure_join", json_pack("[s]", qr), ret_chat, why);
}

static bool is_done(const json_t *event, void *ctx UNUSED)
{
	return json_integer_value(json_object_get(event, "progress")) ==
		PROGRESS_DONE;
}

int chat_wait_joined(const struct chat_user *user, struct buf *why)
{
	return rpc_wait_event(user->rpc, user->account,
		"SecurejoinJoinerProgress", is_done, NULL, NULL, why);
}

int chat_wait_guest(
	const struct chat_user *user, uint32_t *ret_contact, struct buf *why)
{
	json_t *event = NULL;
	int r = rpc_wait_event(user->rpc, user->account,
		"SecurejoinInviterProgress", is_done, NULL, &event, why);

	if (r < 0)
		return r;
	*ret_contact = (uint32_t)json_integer_value(
		json_object_get(event, "contactId"));
	json_decref(event);
	return 0;
}

int chat_with(const struct chat_user *user, uint32_t contact,
	uint32_t *ret_chat, struct buf *why)
{
	return call_for_id(user, "create_chat_by_contact_id",
		json_pack("[I]", (json_int_t)contact), ret_chat, why);
}

int chat_make_group(const struct chat_user *user, const char *name,
	uint32_t *ret_chat, struct buf *why)
{
	return call_for_id(user, "create_group_chat",
		json_pack("[sb]", name, 0), ret_chat, why);
}

int chat_count_members(
	const struct chat_user *user, uint32_t chat, struct buf *why)
{
	json_t *list = NULL;
	int r = chat_call(user, "get_chat_contacts",
		json_pack("[I]", (json_int_t)chat), &list, why);

	if (r < 0)
		return r;
	int n = (int)json_array_size(list);
	json_decref(list);
	return n;
}

int chat_send_text(const struct chat_user *user, uint32_t chat,
	const char *text, uint32_t *ret_msg, struct buf *why)
{
	return call_for_id(user, "misc_send_text_message",
		json_pack("[Is]", (json_int_t)chat, text), ret_msg, why);
}

int chat_send_file(const struct chat_user *user, uint32_t chat,
	const char *path, uint32_t *ret_msg, struct buf *why)
{
	return call_for_id(user, "misc_send_msg",
		json_pack("[Insnnn]", (json_int_t)chat, path), ret_msg, why);
}

static int get_message(const struct chat_user *user, uint32_t msg,
	json_t **ret_message, struct buf *why)
{
	return chat_call(user, "get_message", json_pack("[I]", (json_int_t)msg),
		ret_message, why);
}

static const char *text_in(const json_t *message, const char *key)
{
	const char *text = json_string_value(json_object_get(message, key));

	return text ? text : "";
}

static int next_incoming(const struct chat_user *user, uint32_t *ret_msg,
	json_t **ret_message, struct buf *why)
{
	json_t *event = NULL;
	int r = rpc_wait_event(user->rpc, user->account, "IncomingMsg", NULL,
		NULL, &event, why);

	if (r < 0)
		return r;
	*ret_msg =
		(uint32_t)json_integer_value(json_object_get(event, "msgId"));
	json_decref(event);
	return get_message(user, *ret_msg, ret_message, why);
}

int chat_wait_text(const struct chat_user *user, const char *text,
	uint32_t *ret_msg, struct buf *why)
{
	for (;;) {
		uint32_t msg;
		json_t *message = NULL;
		int r = next_incoming(user, &msg, &message, why);

		if (r < 0)
			return r;
		bool is_it = !strcmp(text_in(message, "text"), text);
		json_decref(message);
		if (!is_it)
			continue;
		if (ret_msg)
			*ret_msg = msg;
		return 0;
	}
}

static bool is_message(const json_t *event, void *ctx)
{
	const uint32_t *msg = ctx;

	return json_integer_value(json_object_get(event, "msgId")) == *msg;
}

/* Large files come after the message that announces them. */
static int wait_whole(const struct chat_user *user, uint32_t msg,
	json_t **message, struct buf *why)
{
	while (strcmp(text_in(*message, "downloadState"), "Done") != 0) {
		int r = rpc_wait_event(user->rpc, user->account, "MsgsChanged",
			is_message, &msg, NULL, why);
		if (r < 0)
			return r;
		json_decref(*message);
		*message = NULL;
		r = get_message(user, msg, message, why);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 1: it has a file, its path is given; 0: it has none. */
static int file_of(const struct chat_user *user, uint32_t msg, json_t **message,
	char **ret_path, struct buf *why)
{
	int r = wait_whole(user, msg, message, why);

	if (r < 0)
		return r;
	const char *path = text_in(*message, "file");
	if (!*path)
		return 0;
	*ret_path = xstrdup(path);
	return 1;
}

int chat_wait_file(const struct chat_user *user, char **ret_path,
	uint32_t *ret_msg, struct buf *why)
{
	for (;;) {
		json_t *message = NULL;
		int r = next_incoming(user, ret_msg, &message, why);

		if (r < 0)
			return r;
		r = file_of(user, *ret_msg, &message, ret_path, why);
		json_decref(message);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

int chat_mark_seen(const struct chat_user *user, uint32_t msg, struct buf *why)
{
	return chat_call(user, "markseen_msgs",
		json_pack("[[I]]", (json_int_t)msg), NULL, why);
}

static int state_of(const struct chat_user *user, uint32_t msg,
	char **ret_error, struct buf *why)
{
	json_t *message = NULL;
	int r = get_message(user, msg, &message, why);

	if (r < 0)
		return r;
	int state = (int)json_integer_value(json_object_get(message, "state"));
	*ret_error = xstrdup(text_in(message, "error"));
	json_decref(message);
	return state;
}

int chat_state_of(const struct chat_user *user, uint32_t msg, struct buf *why)
{
	AUTO_FREE char *error = NULL;

	return state_of(user, msg, &error, why);
}

static const char *event_of_state(enum chat_state state)
{
	switch (state) {
	case CHAT_OUT_READ:
		return "MsgRead";
	case CHAT_OUT_FAILED:
		return "MsgFailed";
	default:
		return "MsgDelivered";
	}
}

/* Waits for the event, but not longer than a step of the time left. */
static int wait_step(const struct chat_user *user, uint32_t msg,
	enum chat_state state, int64_t deadline, struct buf *why)
{
	int64_t left = deadline - clock_now_ms();
	int step = left < STATE_STEP_MS ? (int)left : STATE_STEP_MS;

	if (step < 0)
		return -ETIMEDOUT;
	int limit = rpc_set_timeout(user->rpc, step);
	int r = rpc_wait_event(user->rpc, user->account, event_of_state(state),
		is_message, &msg, NULL, why);
	rpc_set_timeout(user->rpc, limit);
	return r == -ETIMEDOUT ? 0 : r;
}

int chat_wait_state(const struct chat_user *user, uint32_t msg,
	enum chat_state state, struct buf *why)
{
	int limit = rpc_set_timeout(user->rpc, 0);
	int64_t deadline = clock_in_ms(limit);

	rpc_set_timeout(user->rpc, limit);
	for (;;) {
		AUTO_FREE char *error = NULL;
		int now = state_of(user, msg, &error, why);
		if (now < 0)
			return now;
		if (now == CHAT_OUT_FAILED && state != CHAT_OUT_FAILED)
			return because(why, -EBADMSG, "message %u failed: %s",
				msg, error);
		if (now == (int)state ||
			(now > (int)state && state != CHAT_OUT_FAILED))
			return 0;
		int r = wait_step(user, msg, state, deadline, why);
		if (r == -ETIMEDOUT)
			return because(why, r,
				"message %u: state %d, not %d, after %d ms",
				msg, now, state, limit);
		if (r < 0)
			return r;
	}
}
