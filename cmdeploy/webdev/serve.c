#include "cmdeploy/webdev/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

#include "cmdeploy/webdev/request.h"
#include "lib/conn.h"

enum {
	BACKLOG = 64,
	IDLE_USEC = 30 * 1000 * 1000,
	NAME_MAX_BYTES = 4096,
};

struct client {
	struct serve *serve;
	struct conn *conn;
	struct client *next;
	bool is_listening; /* for changes */
};

struct serve {
	sd_event *event;
	sd_event_source *source;
	int fd;
	unsigned port;
	serve_fn fn;
	void *owner;
	struct client *clients;
	size_t n_clients;
};

/* What the relay's web server says, too: what it forbids fails here. */
static const char headers[] =
	"Connection: close\r\n"
	"Cache-Control: no-store\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"Content-Security-Policy: default-src 'none'; img-src 'self'; "
	"style-src 'self'; script-src 'self'; connect-src 'self'; "
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";

static void client_free(struct client *client)
{
	struct serve *serve = client->serve;
	struct client **at = &serve->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	serve->n_clients--;
	free(client);
}

static const char *status_text(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	default:
		return "Internal Server Error";
	}
}

static void send_answer(
	struct conn *c, const struct serve_answer *answer, bool has_body)
{
	struct buf *out = conn_out(c);

	buf_addf(out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"%s\r\n",
		answer->status, status_text(answer->status), answer->type,
		answer->body.len, headers);
	if (has_body)
		buf_add_slice(out, buf_slice(&answer->body));
}

static void answer_request(
	struct client *client, struct slice method, struct slice target)
{
	AUTO_BUF struct buf path = BUF_INIT(NAME_MAX_BYTES);
	struct serve_answer answer = {
		.status = 404,
		.type = "text/plain",
		.body = BUF_INIT(SERVE_ANSWER_MAX_BYTES),
	};
	struct serve_request request = { .method = method };

	if (request_add_path(target, &path)) {
		request.path = buf_str(&path);
		client->serve->fn(&request, &answer, client->serve->owner);
	}
	send_answer(client->conn, &answer, !slice_eq_str(method, "HEAD"));
	buf_release(&answer.body);
}

static void listen_for_changes(struct client *client)
{
	client->is_listening = true;
	conn_set_timeout(client->conn, 0);
	buf_addf(conn_out(client->conn),
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n"
		": here\n\n",
		headers);
}

static void serve_request(struct client *client, const struct request *request)
{
	struct conn *c = client->conn;

	if (slice_eq_str(request->target, SERVE_CHANGES)) {
		listen_for_changes(client);
		return;
	}
	answer_request(client, request->method, request->target);
	client_free(client);
	conn_close_when_sent(c);
}

static size_t on_input(struct conn *c, struct slice in)
{
	struct client *client = conn_owner(c);
	struct request request;

	if (client->is_listening)
		return in.len;
	int r = request_parse(in, &request);
	if (r == 0)
		return 0;
	if (r < 0) {
		conn_close(c);
		client_free(client);
		return in.len;
	}
	serve_request(client, &request);
	return request.len;
}

static void on_end(struct conn *c, int error UNUSED)
{
	client_free(conn_owner(c));
	conn_close(c);
}

static const struct conn_ops ops = { .on_input = on_input, .on_end = on_end };
static const struct conn_limits limits = {
	.in_max = SERVE_REQUEST_MAX_BYTES,
	.out_max = 2 * SERVE_ANSWER_MAX_BYTES,
};

static void add_client(struct serve *serve, int fd)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->serve = serve;
	if (serve->n_clients >= SERVE_CLIENTS_MAX ||
		conn_new(serve->event, fd, &ops, &limits, client,
			&client->conn) < 0) {
		close(fd);
		free(client);
		return;
	}
	conn_set_timeout(client->conn, IDLE_USEC);
	client->next = serve->clients;
	serve->clients = client;
	serve->n_clients++;
}

static int on_connect(sd_event_source *source UNUSED, int fd,
	uint32_t revents UNUSED, void *owner)
{
	int connected = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (connected >= 0)
		add_client(owner, connected);
	return 0;
}

static int find_port(int fd, unsigned *ret_port)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	*ret_port = ntohs(address.sin_port);
	return 0;
}

static int start_listening(struct serve *serve, unsigned port, struct buf *why)
{
	AUTO_FREE char *text = xasprintf("127.0.0.1:%u", port);
	struct addr addr;
	int r = addr_parse(text, &addr, why);

	if (r == 0)
		r = addr_listen(&addr, BACKLOG, &serve->fd, why);
	if (r == 0)
		r = find_port(serve->fd, &serve->port);
	if (r == 0)
		r = sd_event_add_io(serve->event, &serve->source, serve->fd,
			EPOLLIN, on_connect, serve);
	return r;
}

int serve_new(sd_event *event, unsigned port, serve_fn fn, void *owner,
	struct serve **ret_serve, struct buf *why)
{
	struct serve *serve = xcalloc(1, sizeof(*serve));

	*serve = (struct serve){
		.event = event,
		.fd = -1,
		.fn = fn,
		.owner = owner,
	};
	int r = start_listening(serve, port, why);
	if (r < 0) {
		serve_free(serve);
		return r;
	}
	*ret_serve = serve;
	return 0;
}

unsigned serve_port(const struct serve *serve)
{
	return serve->port;
}

void serve_tell_change(struct serve *serve)
{
	for (struct client *c = serve->clients; c; c = c->next)
		if (c->is_listening)
			conn_send(c->conn, SLICE("data: changed\n\n"));
}

void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	while (serve->clients) {
		conn_close(serve->clients->conn);
		client_free(serve->clients);
	}
	sd_event_source_unref(serve->source);
	fd_close(&serve->fd);
	free(serve);
}
