#include "cmdeploy/webdev/answer.h"

#include <string.h>

#include "chatmaild/common/invite.h"
#include "cmdeploy/embed.h"
#include "cmdeploy/webdev/trouble.h"
#include "lib/json.h"

enum {
	ACCOUNT_MAX_BYTES = 2048,
};

#define OWN "/-/"

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

static bool is_html(const char *name)
{
	return slice_ends(slice_of(name), SLICE(".html"));
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

/* A page that loads itself again. */
static void add_html(struct slice html, struct buf *out)
{
	const char *end = memmem(html.ptr, html.len, "</body>", 7);
	size_t len = end ? (size_t)(end - html.ptr) : html.len;

	buf_add_slice(out, slice_head(html, len));
	buf_add_str(out, "<script src=\"/-/webdev.js\"></script>\n");
	buf_add_slice(out, slice_from(html, len));
}

static void answer_page(const struct project *project, const char *path,
	struct serve_answer *answer)
{
	const struct file_bytes *page = find_page(&project->pages, path);

	answer->status = page ? 200 : 404;
	if (!page)
		page = file_set_find(&project->pages, "404.html");
	if (!page) {
		buf_add_str(&answer->body, "no such page\n");
		return;
	}
	answer->type = type_of(page->name);
	if (is_html(page->name))
		add_html(file_bytes_slice(page), &answer->body);
	else
		buf_add_slice(&answer->body, file_bytes_slice(page));
}

/* The files of ours that pages under work refer to. */
static void answer_own(const char *path, struct serve_answer *answer)
{
	AUTO_FREE char *name = xasprintf("webdev/%s", path + strlen(OWN));
	struct slice text;

	if (!embed_find(name, &text))
		return;
	answer->status = 200;
	answer->type = type_of(name);
	buf_add_slice(&answer->body, text);
}

/* An account that exists nowhere, to see how it looks. */
static void answer_account(
	const struct project *project, struct serve_answer *answer)
{
	const struct config *config = &project->config;
	AUTO_BUF struct buf address = BUF_INIT(ACCOUNT_MAX_BYTES);
	AUTO_BUF struct buf password = BUF_INIT(ACCOUNT_MAX_BYTES);
	AUTO_BUF struct buf link = BUF_INIT(ACCOUNT_MAX_BYTES);

	invite_new_account(config, &address, &password);
	invite_add_dclogin(
		config, buf_slice(&address), buf_slice(&password), &link);
	answer->status = 200;
	answer->type = "application/json";
	buf_add_char(&answer->body, '{');
	json_add_member(&answer->body, "email", buf_slice(&address));
	json_add_member(&answer->body, "password", buf_slice(&password));
	json_add_member(&answer->body, "dclogin_url", buf_slice(&link));
	buf_add_str(&answer->body, "}\n");
}

static void answer_trouble(
	const struct project *project, struct serve_answer *answer)
{
	AUTO_BUF struct buf page = BUF_INIT(SERVE_ANSWER_MAX_BYTES);

	trouble_page(project->trouble, &page);
	answer->status = 500;
	answer->type = type_of(".html");
	add_html(buf_slice(&page), &answer->body);
}

void answer_request(const struct project *project,
	const struct serve_request *request, struct serve_answer *answer)
{
	bool is_get = slice_eq_str(request->method, "GET") ||
		slice_eq_str(request->method, "HEAD");

	if (slice_starts(slice_of(request->path), SLICE(OWN)))
		answer_own(request->path, answer);
	else if (strcmp(request->path, "/new") == 0)
		answer_account(project, answer);
	else if (!is_get)
		answer->status = 405;
	else if (project->trouble)
		answer_trouble(project, answer);
	else
		answer_page(project, request->path, answer);
}
