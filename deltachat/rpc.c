/*
 * rpc.c - sends requests to core, and sorts what it prints into answers and
 * events.
 */
#include "deltachat/rpc.h"

#include <errno.h>
#include <string.h>

#include "deltachat/channel.h"

enum {
	STOP_GRACE_MS = 5000,
	QUOTE_MAX_BYTES = 200,
	REQUEST_MAX_BYTES = CHANNEL_LINE_MAX_BYTES - 1,
};

struct rpc {
	struct channel *channel;
	int timeout_ms;
	json_int_t last_id;
	json_int_t event_id; /* of the pending get_next_event, or 0 */
	json_t *events;      /* array of {"contextId", "event"} */
	char *version;
};

static int send_request(struct rpc *rpc, const char *method, json_t *params,
	int64_t deadline, struct buf *why)
{
	json_t *request = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0",
		"id", ++rpc->last_id, "method", method, "params",
		params ? params : json_array());

	if (!request)
		return because(why, -EINVAL, "%s: text is not UTF-8", method);
	AUTO_FREE char *text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	return channel_send(rpc->channel, slice_of(text), deadline, why);
}

/* Waiting in core all the time, so that no event of it overflows. */
static int ask_for_event(struct rpc *rpc, int64_t deadline, struct buf *why)
{
	if (rpc->event_id)
		return 0;
	int r = send_request(rpc, "get_next_event", NULL, deadline, why);
	if (r == 0)
		rpc->event_id = rpc->last_id;
	return r;
}

static const char *event_kind(const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));

	return kind ? kind : "";
}

/* True for an event that is only worth a line in the log. */
static bool log_event(struct rpc *rpc, const json_t *entry)
{
	const json_t *event = json_object_get(entry, "event");
	const char *kind = event_kind(event);
	const char *msg = json_string_value(json_object_get(event, "msg"));
	AUTO_FREE char *all = msg ? NULL : json_dumps(event, JSON_COMPACT);
	AUTO_BUF struct buf line = BUF_INIT(REQUEST_MAX_BYTES);

	buf_addf(&line, "account %lld: %s: %s",
		(long long)json_integer_value(
			json_object_get(entry, "contextId")),
		kind,
		msg           ? msg
			: all ? all
			      : "");
	channel_log(rpc->channel, buf_slice(&line));
	return !strcmp(kind, "Info") || !strcmp(kind, "Warning") ||
		!strcmp(kind, "Error");
}

static void keep_event(struct rpc *rpc, json_t *entry)
{
	if (log_event(rpc, entry))
		return;
	if (json_array_size(rpc->events) >= RPC_EVENTS_MAX)
		json_array_remove(rpc->events, 0);
	json_array_append(rpc->events, entry);
}

static int not_an_answer(struct slice line, struct buf *why)
{
	AUTO_BUF struct buf quoted = BUF_INIT(8 * QUOTE_MAX_BYTES);

	buf_add_quoted(&quoted, line);
	return because(why, -EPROTO, "core printed no JSON-RPC answer: %s",
		buf_str(&quoted));
}

/* One answer from core, parsed; the caller owns it. */
static int next_answer(
	struct rpc *rpc, int64_t deadline, json_t **ret_answer, struct buf *why)
{
	struct slice line;
	int r = channel_receive(rpc->channel, deadline, &line, why);

	if (r < 0)
		return r;
	json_t *answer = json_loadb(line.ptr, line.len, 0, NULL);
	if (!json_is_object(answer) || !json_object_get(answer, "jsonrpc")) {
		json_decref(answer);
		return not_an_answer(line, why);
	}
	*ret_answer = answer;
	return 0;
}

/*
 * Reads one answer. An event is stored and get_next_event asked again;
 * an answer to request `id` goes to *ret_answer, others (to calls that
 * timed out) are dropped. *ret_answer is NULL if it was not to `id`.
 */
static int step(struct rpc *rpc, json_int_t id, int64_t deadline,
	json_t **ret_answer, struct buf *why)
{
	json_t *answer = NULL;
	int r = next_answer(rpc, deadline, &answer, why);

	if (r < 0)
		return r;
	json_int_t got = json_integer_value(json_object_get(answer, "id"));
	*ret_answer = NULL;
	if (got != 0 && got == id) {
		*ret_answer = answer;
		return 0;
	}
	if (got != 0 && got == rpc->event_id) {
		rpc->event_id = 0;
		keep_event(rpc, json_object_get(answer, "result"));
		r = ask_for_event(rpc, deadline, why);
	}
	json_decref(answer);
	return r;
}

/* Puts `what: ` in front of the reason; returns `error`. */
static int prefix_why(struct buf *why, int error, const char *what)
{
	if (!why)
		return error;
	AUTO_FREE char *reason = xstrdup(buf_str(why));
	return because(why, error, "%s: %s", what, reason);
}

static int take_result(json_t *answer, json_t **ret_result, struct buf *why)
{
	json_t *result = json_object_get(answer, "result");

	if (!result) {
		json_t *error = json_object_get(answer, "error");
		const char *text =
			json_string_value(json_object_get(error, "message"));
		return because(why, -EREMOTEIO, "%s",
			text ? text : "an error without a text");
	}
	if (ret_result)
		*ret_result = json_incref(result);
	return 0;
}

static int call(struct rpc *rpc, const char *method, json_t *params,
	json_t **ret_result, struct buf *why)
{
	int64_t deadline = clock_in_ms(rpc->timeout_ms);
	int r = send_request(rpc, method, params, deadline, why);
	json_int_t id = rpc->last_id;
	json_t *answer = NULL;

	while (r == 0 && !answer)
		r = step(rpc, id, deadline, &answer, why);
	if (r < 0)
		return r;
	r = take_result(answer, ret_result, why);
	json_decref(answer);
	return r;
}

int rpc_call(struct rpc *rpc, const char *method, json_t *params,
	json_t **ret_result, struct buf *why)
{
	int r = call(rpc, method, params, ret_result, why);

	return r < 0 ? prefix_why(why, r, method) : 0;
}

struct wanted {
	uint32_t account;
	const char *kind;
	rpc_is_wanted *is_wanted;
	void *ctx;
};

static bool matches(const struct wanted *w, const json_t *entry)
{
	const json_t *event = json_object_get(entry, "event");

	if (json_integer_value(json_object_get(entry, "contextId")) !=
		w->account)
		return false;
	if (w->kind && strcmp(event_kind(event), w->kind) != 0)
		return false;
	return !w->is_wanted || w->is_wanted(event, w->ctx);
}

/* Takes the first match out of the store; NULL if there is none. */
static json_t *take_event(struct rpc *rpc, const struct wanted *w)
{
	for (size_t i = 0; i < json_array_size(rpc->events); i++) {
		json_t *entry = json_array_get(rpc->events, i);
		if (!matches(w, entry))
			continue;
		json_t *event = json_incref(json_object_get(entry, "event"));
		json_array_remove(rpc->events, i);
		return event;
	}
	return NULL;
}

static int wait_event(struct rpc *rpc, const struct wanted *w,
	json_t **ret_event, struct buf *why)
{
	int64_t deadline = clock_in_ms(rpc->timeout_ms);
	json_t *event = take_event(rpc, w);

	while (!event) {
		json_t *answer = NULL;
		int r = step(rpc, 0, deadline, &answer, why);
		if (r < 0)
			return r;
		event = take_event(rpc, w);
	}
	if (ret_event)
		*ret_event = json_incref(event);
	json_decref(event);
	return 0;
}

int rpc_wait_event(struct rpc *rpc, uint32_t account, const char *kind,
	rpc_is_wanted *is_wanted, void *ctx, json_t **ret_event,
	struct buf *why)
{
	struct wanted wanted = { account, kind, is_wanted, ctx };
	int r = wait_event(rpc, &wanted, ret_event, why);

	if (r == -ETIMEDOUT)
		return because(why, r, "account %u: no event %s within %d ms",
			account, kind ? kind : "", rpc->timeout_ms);
	return r < 0 ? prefix_why(why, r, kind ? kind : "events") : 0;
}

int rpc_set_timeout(struct rpc *rpc, int timeout_ms)
{
	int before = rpc->timeout_ms;

	rpc->timeout_ms = timeout_ms;
	return before;
}

const char *rpc_core_version(const struct rpc *rpc)
{
	return rpc->version;
}

static int ask_version(struct rpc *rpc, struct buf *why)
{
	json_t *info = NULL;
	int r = rpc_call(rpc, "get_system_info", NULL, &info, why);

	if (r < 0)
		return r;
	const char *version = json_string_value(
		json_object_get(info, "deltachat_core_version"));
	rpc->version = xstrdup(version ? version : "unknown");
	json_decref(info);
	return ask_for_event(rpc, clock_in_ms(rpc->timeout_ms), why);
}

int rpc_open(const struct rpc_options *options, struct rpc **ret_rpc,
	struct buf *why)
{
	AUTO_FREE char *dir =
		xasprintf("DC_ACCOUNTS_PATH=%s", options->accounts_dir);
	struct rpc *rpc = xcalloc(1, sizeof(*rpc));
	struct channel_command command = {
		.argv = (const char *const[]){ options->server, NULL },
		.env = (const char *const[]){ dir, "RUST_LOG=warn", NULL },
		.log_path = options->log_path,
	};

	rpc->events = json_array();
	rpc->timeout_ms =
		options->timeout_ms ? options->timeout_ms : RPC_TIMEOUT_MS;
	int r = channel_start(&command, &rpc->channel, why);
	if (r == 0)
		r = ask_version(rpc, why);
	if (r < 0) {
		rpc_close(rpc);
		return r;
	}
	rpc->timeout_ms =
		options->timeout_ms ? options->timeout_ms : RPC_TIMEOUT_MS;
	*ret_rpc = rpc;
	return 0;
}

void rpc_close(struct rpc *rpc)
{
	if (!rpc)
		return;
	channel_stop(rpc->channel, STOP_GRACE_MS);
	json_decref(rpc->events);
	free(rpc->version);
	free(rpc);
}
