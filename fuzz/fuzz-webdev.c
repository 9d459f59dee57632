/*
 * What a browser sends to `cmdeploy webdev`: a head is found where it ends
 * and not before, whatever follows it; a path is text that begins with "/";
 * and the answer is one of those that there are.
 */
#include <string.h>

#include "cmdeploy/webdev/answer.h"
#include "cmdeploy/webdev/request.h"
#include "fuzz/fuzz.h"

enum {
	PATH_MAX_BYTES = 4096,
};

static struct project project;

static void make_project(void)
{
	static const char *const names[] = { "index.html", "info.html",
		"deep/er.html", "deep/index.html", "main.css", "404.html" };
	const struct slice ini = SLICE("[params]\nmail_domain = r.test\n");

	if (project.pages.n > 0)
		return;
	demand(config_parse(ini, "ini", &project.config, NULL, NULL, NULL) ==
		0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		file_set_add(&project.pages, names[i], SLICE("<body></body>"));
}

static bool is_inside(struct slice part, struct slice whole)
{
	return part.len > 0 && part.ptr >= whole.ptr &&
		part.ptr + part.len <= whole.ptr + whole.len &&
		!slice_has_char(part, ' ') && !slice_has_char(part, '\n');
}

static void try_answer(struct slice method, const char *path)
{
	const struct serve_request request = { .method = method, .path = path };
	struct serve_answer answer = {
		.status = 404,
		.type = "text/plain",
		.body = BUF_INIT(SERVE_ANSWER_MAX_BYTES),
	};

	answer_request(&project, &request, &answer);
	demand(answer.status == 200 || answer.status == 404 ||
		answer.status == 405);
	demand(answer.type && answer.type[0]);
	demand(answer.status != 200 || answer.body.len > 0);
	demand(buf_ok(&answer.body));
	buf_release(&answer.body);
}

static void try_path(struct slice method, struct slice target)
{
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_BYTES);

	if (!request_add_path(target, &path))
		return;
	demand(path.len > 0 && path.len <= target.len);
	demand(buf_str(&path)[0] == '/');
	demand(strlen(buf_str(&path)) == path.len);
	try_answer(method, buf_str(&path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice in = slice_make(data, len);
	struct request whole, alone;
	int r = request_parse(in, &whole);

	make_project();
	if (r <= 0)
		return 0;
	struct slice head = slice_head(in, whole.len);
	demand(whole.len <= len && slice_ends(head, SLICE("\r\n\r\n")));
	demand(request_parse(slice_head(in, whole.len - 1), &alone) == 0);
	demand(request_parse(head, &alone) == 1);
	demand(alone.len == whole.len && slice_eq(alone.method, whole.method));
	demand(slice_eq(alone.target, whole.target));
	demand(is_inside(whole.method, head) && is_inside(whole.target, head));
	try_path(whole.method, whole.target);
	return 0;
}
