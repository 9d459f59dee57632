#include "chatmaild/common/dict-server.h"

#include <errno.h>
#include <string.h>

#include "chatmaild/common/limits.h"
#include "lib/conn.h"
#include "lib/die.h"
#include "lib/log.h"

struct dict_server {
	sd_event *event;
	const struct dict_ops *ops;
	void *owner;
	struct client *clients;
};

struct client {
	struct client *next, **at;
	struct dict_server *server;
	struct conn *conn;
	struct buf scratch; /* unescaped fields of the line at hand */
	struct dict_request *first, **tail;
	size_t n_queued;
	struct dict_transaction *transactions;
	size_t n_transactions;
	void *iteration;
	uint64_t rows_left;
	sd_event_source *turn; /* of the iteration */
	bool has_begun;        /* something came: a hello is too late */
	bool is_in_input;      /* conn sends when on_input returns */
	bool is_waiting;       /* lines have come that it is too early for */
	bool is_eof;           /* answers are due, then it closes */
};

struct dict_request {
	struct dict_request *next;
	struct client *client; /* NULL: gone, the answer goes nowhere */
	uint64_t id;           /* of the transaction */
	bool is_commit;
	bool is_answered;
	struct buf text;
};

static const struct conn_limits limits = {
	.in_max = DICT_LINE_MAX_BYTES,
	.out_max = DICT_OUT_MAX_BYTES,
};

static void transaction_free(struct dict_transaction *t)
{
	struct dict_change *next;

	for (struct dict_change *c = t->changes; c; c = next) {
		next = c->next;
		free(c);
	}
	free(t);
}

static void end_iteration(struct client *client)
{
	if (client->iteration)
		client->server->ops->iterate_end(client->iteration);
	client->iteration = NULL;
	client->turn = sd_event_source_disable_unref(client->turn);
}

/* Without the connection, which the caller closes. */
static void client_free(struct client *client)
{
	struct dict_request *request;
	struct dict_transaction *t;

	*client->at = client->next;
	if (client->next)
		client->next->at = client->at;
	end_iteration(client);
	while ((request = client->first)) {
		client->first = request->next;
		request->client = NULL;
		if (request->is_answered) {
			buf_release_secret(&request->text);
			free(request);
		}
	}
	while ((t = client->transactions)) {
		client->transactions = t->next;
		transaction_free(t);
	}
	buf_release_secret(&client->scratch);
	free(client);
}

static void client_close(struct client *client)
{
	conn_close(client->conn);
	client_free(client);
}

/* The answers that are ready leave, in order, as far as there are any. */
static void send_answers(struct client *client)
{
	struct dict_request *request;

	while ((request = client->first) && request->is_answered) {
		buf_add_slice(
			conn_out(client->conn), buf_slice(&request->text));
		client->first = request->next;
		if (!client->first)
			client->tail = &client->first;
		client->n_queued--;
		buf_release_secret(&request->text);
		free(request);
	}
}

static bool is_finished(const struct client *client)
{
	return client->is_eof && !client->first && !client->iteration &&
		!client->is_waiting;
}

static void finish(struct client *client)
{
	struct conn *conn = client->conn;

	client_free(client);
	conn_close_when_sent(conn);
}

/* From outside of on_input: sends, and reads on. May end the client. */
static void go_on(struct client *client)
{
	if (is_finished(client)) {
		finish(client);
		return;
	}
	if (!client->iteration && client->n_queued < DICT_QUEUE_MAX)
		conn_resume(client->conn);
	conn_flush(client->conn);
}

static void answered(struct dict_request *request)
{
	struct client *client = request->client;

	if (!client) {
		buf_release_secret(&request->text);
		free(request);
		return;
	}
	request->is_answered = true;
	if (client->first != request)
		return;
	send_answers(client);
	if (!client->is_in_input)
		go_on(client);
}

static struct buf *answer_to(struct dict_request *request)
{
	bool is_next = request->client && request->client->first == request;

	/* The one that is due may go out without a detour. */
	return is_next ? conn_out(request->client->conn) : &request->text;
}

static void add_outcome(struct dict_request *request, enum dict_outcome outcome,
	const char *reason)
{
	dict_add_committed(
		answer_to(request), request->id, outcome, slice_of(reason));
}

void dict_answer_value(struct dict_request *request, struct slice value)
{
	if (request->is_commit)
		bug("a commit is answered with a value");
	dict_add_value(answer_to(request), value);
	answered(request);
}

void dict_answer_none(struct dict_request *request)
{
	if (request->is_commit)
		add_outcome(request, DICT_NOT_FOUND, "");
	else
		dict_add_none(answer_to(request));
	answered(request);
}

void dict_answer_done(struct dict_request *request)
{
	if (!request->is_commit)
		bug("a lookup is answered with an outcome");
	add_outcome(request, DICT_DONE, "");
	answered(request);
}

void dict_answer_fail(struct dict_request *request, const char *reason)
{
	if (request->is_commit)
		add_outcome(request, DICT_FAILED, reason);
	else
		dict_add_fail(answer_to(request), slice_of(reason));
	answered(request);
}

static struct dict_request *request_new(struct client *client)
{
	struct dict_request *request = xcalloc(1, sizeof(*request));

	request->client = client;
	request->text = BUF_INIT(DICT_OUT_MAX_BYTES);
	*client->tail = request;
	client->tail = &request->next;
	client->n_queued++;
	return request;
}

/* The transaction's place in the list; *place is NULL when it is not. */
static struct dict_transaction **find_transaction(
	struct client *client, uint64_t id)
{
	struct dict_transaction **place = &client->transactions;

	while (*place && (*place)->id != id)
		place = &(*place)->next;
	return place;
}

static int do_hello(struct client *client,
	const struct dict_command *command UNUSED, struct buf *why)
{
	if (client->has_begun)
		return because(why, -EPROTO, "hello after other commands");
	return 0;
}

static int do_lookup(struct client *client, const struct dict_command *command,
	struct buf *why UNUSED)
{
	struct dict_server *server = client->server;
	struct dict_request *request = request_new(client);

	if (server->ops->lookup)
		server->ops->lookup(request, command, server->owner);
	else
		dict_answer_none(request);
	return 0;
}

static void finish_iteration(struct client *client, int error)
{
	struct buf *out = conn_out(client->conn);

	end_iteration(client);
	if (error < 0)
		dict_add_fail(out, slice_of(strerror(-error)));
	else
		dict_add_end(out);
	go_on(client);
}

static void set_turn(struct client *client, int enabled)
{
	if (sd_event_source_set_enabled(client->turn, enabled) < 0)
		bug("cannot switch an iteration");
}

/* Some rows; then everybody else is served, then some more. */
static int on_turn(sd_event_source *s UNUSED, void *userdata)
{
	struct client *client = userdata;
	struct buf *out = conn_out(client->conn);

	if (conn_pending(client->conn) > DICT_ITERATE_AHEAD_BYTES) {
		set_turn(client, SD_EVENT_OFF);
		return 0;
	}
	for (int i = 0; i < DICT_ITERATE_ROWS_A_TURN; i++) {
		int r = client->rows_left == 0
			? 0
			: client->server->ops->iterate_next(
				  client->iteration, out);
		if (r <= 0) {
			finish_iteration(client, r);
			return 0;
		}
		client->rows_left--;
	}
	conn_flush(client->conn);
	return 0;
}

static void on_drained(struct conn *c)
{
	struct client *client = conn_owner(c);

	if (client->turn)
		set_turn(client, SD_EVENT_ON);
}

static int do_iterate(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	struct dict_server *server = client->server;
	struct buf *out = conn_out(client->conn);

	if (!server->ops->iterate) {
		dict_add_end(out);
		return 0;
	}
	int r = server->ops->iterate(
		command->key, server->owner, &client->iteration);
	if (r < 0) {
		dict_add_fail(out, slice_of(strerror(-r)));
		return 0;
	}
	client->rows_left = command->max_rows ? command->max_rows : UINT64_MAX;
	r = sd_event_add_defer(server->event, &client->turn, on_turn, client);
	if (r < 0)
		return because(why, r, "cannot iterate");
	set_turn(client, SD_EVENT_ON);
	conn_pause(client->conn);
	return 0;
}

static int do_begin(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	if (*find_transaction(client, command->id))
		return because(why, -EPROTO, "transaction begun twice");
	if (client->n_transactions == DICT_TRANSACTIONS_MAX)
		return because(why, -EPROTO, "more than %d open transactions",
			DICT_TRANSACTIONS_MAX);
	struct dict_transaction *t = xcalloc(1, sizeof(*t) + command->user.len);
	char *user = (char *)(t + 1);
	memcpy(user, command->user.ptr ? command->user.ptr : "",
		command->user.len);
	t->id = command->id;
	t->user = slice_make(user, command->user.len);
	t->tail = &t->changes;
	t->next = client->transactions;
	client->transactions = t;
	client->n_transactions++;
	return 0;
}

/* Keeps a copy of the change, in one piece of memory. */
static void add_change(
	struct dict_transaction *t, const struct dict_command *command)
{
	size_t bytes = command->key.len + command->value.len;

	if (t->n_changes == DICT_CHANGES_MAX ||
		t->n_bytes + bytes > DICT_CHANGES_MAX_BYTES) {
		t->failure = "transaction too large";
		return;
	}
	struct dict_change *change = xcalloc(1, sizeof(*change) + bytes);
	char *text = (char *)(change + 1);
	memcpy(text, command->key.ptr, command->key.len);
	if (command->value.len)
		memcpy(text + command->key.len, command->value.ptr,
			command->value.len);
	change->verb = command->verb;
	change->key = slice_make(text, command->key.len);
	change->value = slice_make(text + command->key.len, command->value.len);
	*t->tail = change;
	t->tail = &change->next;
	t->n_changes++;
	t->n_bytes += bytes;
}

static int do_change(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	struct dict_transaction *t = *find_transaction(client, command->id);

	if (!t)
		return because(why, -EPROTO, "unknown transaction");
	if (command->verb == DICT_ADD)
		t->failure = "counters are not supported";
	else
		add_change(t, command);
	return 0;
}

static int do_timestamp(struct client *client,
	const struct dict_command *command, struct buf *why)
{
	if (!*find_transaction(client, command->id))
		return because(why, -EPROTO, "unknown transaction");
	return 0;
}

static struct dict_transaction *take_transaction(
	struct client *client, uint64_t id)
{
	struct dict_transaction **place = find_transaction(client, id);
	struct dict_transaction *t = *place;

	if (t) {
		*place = t->next;
		client->n_transactions--;
	}
	return t;
}

static int do_rollback(struct client *client,
	const struct dict_command *command, struct buf *why)
{
	struct dict_transaction *t = take_transaction(client, command->id);

	if (!t)
		return because(why, -EPROTO, "unknown transaction");
	transaction_free(t);
	return 0;
}

static int do_commit(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	struct dict_server *server = client->server;
	struct dict_transaction *t = take_transaction(client, command->id);

	if (!t)
		return because(why, -EPROTO, "unknown transaction");
	struct dict_request *request = request_new(client);
	request->id = command->id;
	request->is_commit = true;
	if (t->failure)
		dict_answer_fail(request, t->failure);
	else if (server->ops->commit)
		server->ops->commit(request, t, server->owner);
	else
		dict_answer_fail(request, "nothing can be stored here");
	transaction_free(t);
	return 0;
}

static const struct {
	enum dict_verb verb;
	int (*handler)(struct client *client,
		const struct dict_command *command, struct buf *why);
} verbs[] = {
	{ DICT_LOOKUP, do_lookup },
	{ DICT_BEGIN, do_begin },
	{ DICT_SET, do_change },
	{ DICT_COMMIT, do_commit },
	{ DICT_HELLO, do_hello },
	{ DICT_ITERATE, do_iterate },
	{ DICT_UNSET, do_change },
	{ DICT_ADD, do_change },
	{ DICT_TIMESTAMP, do_timestamp },
	{ DICT_ROLLBACK, do_rollback },
	{ DICT_COMMIT_ASYNC, do_commit },
};

static int do_line(struct client *client, struct slice line, struct buf *why)
{
	struct dict_command command;
	int r = dict_parse(line, &client->scratch, &command, why);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (verbs[i].verb != command.verb)
			continue;
		r = verbs[i].handler(client, &command, why);
		client->has_begun = true;
		return r;
	}
	bug("a dict verb without a handler");
}

/* An iteration has the connection for itself; a full queue waits. */
static bool must_wait(struct client *client, struct slice line)
{
	bool is_iterate = line.len > 0 && line.ptr[0] == DICT_ITERATE;

	return client->iteration || client->n_queued >= DICT_QUEUE_MAX ||
		(is_iterate && client->first);
}

static size_t on_input(struct conn *c, struct slice in)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct client *client = conn_owner(c);
	struct slice rest = in, line;
	size_t used = 0;

	client->is_in_input = true;
	client->is_waiting = false;
	while (slice_cut(rest, '\n', &line, &rest)) {
		if (must_wait(client, line)) {
			client->is_waiting = true;
			conn_pause(c);
			break;
		}
		if (do_line(client, line, &why) < 0) {
			log_warning(
				"connection ended: reason=%s", buf_str(&why));
			client_close(client);
			return 0;
		}
		used = in.len - rest.len;
	}
	client->is_in_input = false;
	if (is_finished(client))
		finish(client);
	return used;
}

static const char *end_reason(int error)
{
	switch (error) {
	case -EMSGSIZE:
		return "line too long";
	case -ENOBUFS:
		return "answers are not read";
	default:
		return strerror(-error);
	}
}

static void on_end(struct conn *c, int error)
{
	struct client *client = conn_owner(c);
	bool is_due = client->first || client->iteration || client->is_waiting;

	/* Only its sending side may be closed: the answers still count. */
	if (error == 0 && is_due && !client->is_eof) {
		client->is_eof = true;
		return;
	}
	if (error < 0 && error != -ECONNRESET && error != -EPIPE)
		log_warning("connection ended: reason=%s", end_reason(error));
	client_close(client);
}

static const struct conn_ops conn_ops = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_end = on_end,
};

struct dict_server *dict_server_new(
	sd_event *event, const struct dict_ops *ops, void *owner)
{
	struct dict_server *server = xcalloc(1, sizeof(*server));

	*server = (struct dict_server){
		.event = event,
		.ops = ops,
		.owner = owner,
	};
	return server;
}

void dict_server_free(struct dict_server *server)
{
	if (!server)
		return;
	while (server->clients)
		client_close(server->clients);
	free(server);
}

void dict_server_accept(struct dict_server *server, int fd)
{
	struct client *client = xcalloc(1, sizeof(*client));
	int r = conn_new(
		server->event, fd, &conn_ops, &limits, client, &client->conn);

	if (r < 0) {
		log_err("cannot serve a connection: %s", strerror(-r));
		free(client);
		return;
	}
	client->server = server;
	client->scratch = BUF_INIT(DICT_LINE_MAX_BYTES);
	client->tail = &client->first;
	client->next = server->clients;
	client->at = &server->clients;
	if (client->next)
		client->next->at = &client->next;
	server->clients = client;
}

static void on_accept(struct service *service, int fd)
{
	dict_server_accept(service->owner, fd);
}

void dict_server_listen(
	struct dict_server *server, struct service *service, const char *path)
{
	bool is_whole = slice_starts(slice_of(path), SLICE("unix:"));
	AUTO_FREE char *address =
		xasprintf("%s%s", is_whole ? "" : "unix:", path);

	service->owner = server;
	service_listen(service, address, on_accept);
}
