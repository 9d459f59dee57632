/*
 * The web server of `cmdeploy webdev`: HTTP by libmicrohttpd; pages, our own
 * files below /-/, accounts that exist nowhere, and the stream of changes.
 */
#include "cmdeploy/webdev/serve.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#include "chatmaild/common/invite.h"
#include "cmdeploy/embed.h"
#include "lib/addr.h"
#include "lib/json.h"

enum {
	BACKLOG = 64,
	CONNECTIONS_MAX = 200,
	IDLE_SEC = 30,
	STREAM_BLOCK_BYTES = 256, /* more than any event */
	ACCOUNT_MAX_BYTES = 2048,
	ANSWER_MAX_BYTES = 64 << 20,
};

#define OWN     "/-/"
#define CHANGES OWN "changes"

/* A page that waits for changes. */
struct listener {
	struct serve *serve;
	struct listener *next;
	struct MHD_Connection *connection;
	bool has_news, is_changed;
	bool is_asleep;
};

struct serve {
	const struct project *project;
	struct MHD_Daemon *daemon;
	struct listener *listeners;
};

struct answer {
	unsigned status;
	const char *type;
	struct buf body;
};

/* By the end of a name. */
static const struct {
	const char *suffix, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "application/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".jpg", "image/jpeg" },
	{ ".webp", "image/webp" },
	{ ".ico", "image/x-icon" },
	{ ".woff2", "font/woff2" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".xml", "text/xml; charset=utf-8" },
};

static const char *type_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_ends(slice_of(name), slice_of(types[i].suffix)))
			return types[i].type;
	return "application/octet-stream";
}

/* As nginx finds it: NAME, NAME.html, NAME/index.html. */
static const struct file_bytes *find_page(
	const struct file_set *pages, const char *path)
{
	static const char *const ends[] = { "", ".html", "/index.html" };
	const struct file_bytes *found = NULL;
	struct slice name = slice_of(path + 1);

	if (slice_ends(name, SLICE("/")))
		name.len--;
	if (name.len == 0)
		return file_set_find(pages, "index.html");
	for (size_t i = 0; !found && i < ARRAY_LEN(ends); i++) {
		AUTO_FREE char *file =
			xasprintf("%.*s%s", SLICE_FMT(name), ends[i]);
		found = file_set_find(pages, file);
	}
	return found;
}

/* With a script that loads the page again. */
static void add_html(struct slice html, struct buf *out)
{
	const char *end = memmem(html.ptr, html.len, "</body>", 7);
	size_t len = end ? (size_t)(end - html.ptr) : html.len;

	buf_add_slice(out, slice_head(html, len));
	buf_add_str(out, "<script src=\"/-/webdev.js\"></script>\n");
	buf_add_slice(out, slice_from(html, len));
}

static void set(struct answer *answer, unsigned status, const char *type)
{
	answer->status = status;
	answer->type = type;
}

static void answer_page(
	const struct file_set *pages, const char *path, struct answer *answer)
{
	const struct file_bytes *page = find_page(pages, path);
	unsigned status = page ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND;

	if (!page)
		page = file_set_find(pages, "404.html");
	if (!page) {
		buf_add_str(&answer->body, "no such page\n");
		return;
	}
	set(answer, status, type_of(page->name));
	if (slice_ends(slice_of(page->name), SLICE(".html")))
		add_html(file_bytes_slice(page), &answer->body);
	else
		buf_add_slice(&answer->body, file_bytes_slice(page));
}

/* What the added script, and the error page, refer to. */
static void answer_own(const char *path, struct answer *answer)
{
	AUTO_FREE char *name = xasprintf("webdev/%s", path + strlen(OWN));
	struct slice text;

	if (!embed_find(name, &text))
		return;
	set(answer, MHD_HTTP_OK, type_of(name));
	buf_add_slice(&answer->body, text);
}

/* An account that exists nowhere, to see how it looks. */
static void answer_account(const struct config *config, struct answer *answer)
{
	AUTO_BUF struct buf address = BUF_INIT(ACCOUNT_MAX_BYTES);
	AUTO_BUF struct buf password = BUF_INIT(ACCOUNT_MAX_BYTES);
	AUTO_BUF struct buf link = BUF_INIT(ACCOUNT_MAX_BYTES);

	invite_new_account(config, &address, &password);
	invite_add_dclogin(
		config, buf_slice(&address), buf_slice(&password), &link);
	set(answer, MHD_HTTP_OK, "application/json");
	buf_add_char(&answer->body, '{');
	json_add_member(&answer->body, "email", buf_slice(&address));
	json_add_member(&answer->body, "password", buf_slice(&password));
	json_add_member(&answer->body, "dclogin_url", buf_slice(&link));
	buf_add_str(&answer->body, "}\n");
}

static void answer_error(const char *error, struct answer *answer)
{
	AUTO_BUF struct buf page = BUF_INIT(ANSWER_MAX_BYTES);

	project_add_error_page(error, &page);
	set(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, type_of(".html"));
	add_html(buf_slice(&page), &answer->body);
}

static void answer_request(const struct project *project, const char *method,
	const char *path, struct answer *answer)
{
	bool is_get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (slice_starts(slice_of(path), SLICE(OWN)))
		answer_own(path, answer);
	else if (strcmp(path, "/new") == 0)
		answer_account(&project->config, answer);
	else if (!is_get)
		set(answer, MHD_HTTP_METHOD_NOT_ALLOWED, answer->type);
	else if (project->error)
		answer_error(project->error, answer);
	else
		answer_page(&project->pages, path, answer);
}

/* The relay's web server says the same: what it forbids fails here, too. */
static const char *const headers[][2] = {
	{ "Cache-Control", "no-store" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Content-Security-Policy",
		"default-src 'none'; img-src 'self'; style-src 'self'; "
		"script-src 'self'; connect-src 'self'; base-uri 'none'; "
		"form-action 'none'; frame-ancestors 'none'" },
};

static enum MHD_Result send_response(struct MHD_Connection *connection,
	unsigned status, const char *type, struct MHD_Response *response)
{
	MHD_add_response_header(response, "Content-Type", type);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
	enum MHD_Result result =
		MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static void wake(struct serve *serve, bool is_changed)
{
	for (struct listener *l = serve->listeners; l; l = l->next) {
		l->has_news = true;
		l->is_changed = l->is_changed || is_changed;
		if (l->is_asleep)
			MHD_resume_connection(l->connection);
		l->is_asleep = false;
	}
}

/* Without news the connection sleeps until wake(). */
static ssize_t read_news(
	void *owner, uint64_t at UNUSED, char *ret_text, size_t max)
{
	struct listener *l = owner;
	struct slice text = l->is_changed ? SLICE("data: changed\n\n")
					  : SLICE(": here\n\n");

	if (!l->has_news) {
		l->is_asleep = true;
		MHD_suspend_connection(l->connection);
		return 0;
	}
	text = slice_head(text, max);
	memcpy(ret_text, text.ptr, text.len);
	l->has_news = l->is_changed = false;
	return (ssize_t)text.len;
}

static void listener_free(void *owner)
{
	struct listener *l = owner;
	struct listener **at = &l->serve->listeners;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	free(l);
}

/*
 * All listeners hear of a new one, since it is often one of them, loaded
 * again by hand: libmicrohttpd finds the old connection closed only when
 * it writes.
 */
static enum MHD_Result listen_for_changes(
	struct serve *serve, struct MHD_Connection *connection)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	*l = (struct listener){
		.serve = serve,
		.next = serve->listeners,
		.connection = connection,
	};
	serve->listeners = l;
	wake(serve, false);
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
			STREAM_BLOCK_BYTES, read_news, l, listener_free);
	return send_response(
		connection, MHD_HTTP_OK, "text/event-stream", response);
}

static enum MHD_Result on_request(void *owner,
	struct MHD_Connection *connection, const char *path, const char *method,
	const char *version UNUSED, const char *upload UNUSED,
	size_t *upload_len UNUSED, void **state UNUSED)
{
	struct serve *serve = owner;
	struct answer answer = {
		.status = MHD_HTTP_NOT_FOUND,
		.type = "text/plain",
		.body = BUF_INIT(ANSWER_MAX_BYTES),
	};

	if (strcmp(path, CHANGES) == 0)
		return listen_for_changes(serve, connection);
	if (path[0] == '/')
		answer_request(serve->project, method, path, &answer);
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer.body.len, answer.body.ptr, MHD_RESPMEM_MUST_COPY);
	buf_release(&answer.body);
	return send_response(connection, answer.status, answer.type, response);
}

/* The daemon closes the socket when it stops. */
static int start_daemon(struct serve *serve, int fd, struct buf *why)
{
	serve->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_request, serve, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SEC,
		MHD_OPTION_END);
	if (serve->daemon)
		return 0;
	close(fd);
	return because(why, -EIO, "libmicrohttpd does not start");
}

int serve_new(const struct project *project, unsigned port,
	struct serve **ret_serve, struct buf *why)
{
	AUTO_FREE char *text = xasprintf("127.0.0.1:%u", port);
	AUTO_FREE struct serve *serve = xcalloc(1, sizeof(*serve));
	struct addr addr;
	int fd;
	int r = addr_parse(text, &addr, why);

	serve->project = project;
	if (r == 0)
		r = addr_listen(&addr, BACKLOG, &fd, why);
	if (r == 0)
		r = start_daemon(serve, fd, why);
	if (r < 0)
		return r;
	*ret_serve = TAKE(serve);
	return 0;
}

unsigned serve_port(const struct serve *serve)
{
	return MHD_get_daemon_info(serve->daemon, MHD_DAEMON_INFO_BIND_PORT)
		->port;
}

void serve_run(struct serve *serve, int msec)
{
	MHD_run_wait(serve->daemon, msec);
}

void serve_tell_change(struct serve *serve)
{
	wake(serve, true);
}

void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	/* A sleeping connection would outlive the daemon. */
	wake(serve, false);
	MHD_stop_daemon(serve->daemon);
	free(serve);
}
