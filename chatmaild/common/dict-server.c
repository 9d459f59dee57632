/*
 * dict-server.c - connections of Dovecot: lines in, answers out, in order.
 */
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
	struct dict_requests requests;
	struct dict_transactions transactions;
	bool has_begun;   /* something came: a hello is too late */
	bool is_in_input; /* conn sends when on_input returns */
	bool is_waiting;  /* lines have come that it is too early for */
	bool is_eof;      /* answers are due, then it closes */
};

static const struct conn_limits limits = {
	.in_max = DICT_LINE_MAX_BYTES,
	.out_max = DICT_OUT_MAX_BYTES,
};

/* Without the connection, which the caller closes. */
static void client_free(struct client *client)
{
	*client->at = client->next;
	if (client->next)
		client->next->at = client->at;
	dict_requests_release(&client->requests);
	dict_transactions_release(&client->transactions);
	buf_release_secret(&client->scratch);
	free(client);
}

static void client_close(struct client *client)
{
	conn_close(client->conn);
	client_free(client);
}

static bool is_finished(const struct client *client)
{
	return client->is_eof && !client->requests.first && !client->is_waiting;
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
	if (client->requests.n < DICT_QUEUE_MAX)
		conn_resume(client->conn);
	conn_flush(client->conn);
}

static void on_answers(void *owner)
{
	struct client *client = owner;

	if (!client->is_in_input)
		go_on(client);
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
	struct dict_request *request = dict_requests_add(&client->requests);

	if (server->ops->lookup)
		server->ops->lookup(request, command, server->owner);
	else
		dict_answer_none(request);
	return 0;
}

/* Nothing here is for anybody to list. */
static int do_iterate(struct client *client,
	const struct dict_command *command UNUSED, struct buf *why UNUSED)
{
	dict_add_end(conn_out(client->conn));
	return 0;
}

static int do_begin(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	return dict_transactions_begin(&client->transactions, command, why);
}

static int do_change(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	return dict_transactions_change(&client->transactions, command, why);
}

static int do_nothing(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	return dict_transactions_check(&client->transactions, command->id, why);
}

static int do_rollback(struct client *client,
	const struct dict_command *command, struct buf *why)
{
	struct dict_transaction *t;
	int r = dict_transactions_take(
		&client->transactions, command->id, &t, why);

	if (r == 0)
		dict_transaction_free(t);
	return r;
}

static int do_commit(struct client *client, const struct dict_command *command,
	struct buf *why)
{
	struct dict_server *server = client->server;
	struct dict_transaction *t;
	int r = dict_transactions_take(
		&client->transactions, command->id, &t, why);

	if (r < 0)
		return r;
	struct dict_request *request =
		dict_requests_add_commit(&client->requests, command->id);
	if (t->failure)
		dict_answer_fail(request, t->failure);
	else if (server->ops->commit)
		server->ops->commit(request, t, server->owner);
	else
		dict_answer_fail(request, "nothing can be stored here");
	dict_transaction_free(t);
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
	{ DICT_TIMESTAMP, do_nothing },
	{ DICT_HIDE, do_nothing },
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

/* An iteration is answered when its turn has come; a full queue waits. */
static bool must_wait(struct client *client, struct slice line)
{
	bool is_iterate = line.len > 0 && line.ptr[0] == DICT_ITERATE;

	return client->requests.n >= DICT_QUEUE_MAX ||
		(is_iterate && client->requests.first);
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
	bool is_due = client->requests.first || client->is_waiting;

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

static void on_accept(void *owner, int fd)
{
	struct dict_server *server = owner;
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
	dict_requests_init(
		&client->requests, conn_out(client->conn), on_answers, client);
	client->next = server->clients;
	client->at = &server->clients;
	if (client->next)
		client->next->at = &client->next;
	server->clients = client;
}

void dict_server_listen(
	struct dict_server *server, struct service *service, const char *path)
{
	bool is_whole = slice_starts(slice_of(path), SLICE("unix:"));
	AUTO_FREE char *address =
		xasprintf("%s%s", is_whole ? "" : "unix:", path);

	service_listen(service, address, on_accept, server);
}
