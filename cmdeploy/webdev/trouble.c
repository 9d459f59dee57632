#include "cmdeploy/webdev/trouble.h"

#include <string.h>

#include "cmdeploy/site/words.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	SOURCE_MAX_BYTES = 16 << 20,
	AROUND_LINES = 3,
};

#define LINE_MARK ": line "

/* "PATH: line N: what": path and number. */
static bool find_place(const char *why, char **ret_path, uint64_t *ret_line)
{
	const char *mark = strstr(why, LINE_MARK);
	struct slice number, rest;

	if (!mark ||
		!slice_cut(slice_of(mark + strlen(LINE_MARK)), ':', &number,
			&rest) ||
		num_parse_max(number, SOURCE_MAX_BYTES, ret_line) < 0)
		return false;
	*ret_path = xstrndup(why, (size_t)(mark - why));
	return true;
}

static void add_line(uint64_t n, bool is_it, struct slice line, struct buf *out)
{
	buf_addf(out, "%s%4lu  ", is_it ? "<mark>" : "", n);
	words_add_text(out, line);
	buf_add_str(out, is_it ? "</mark>\n" : "\n");
}

static void add_source(const char *path, uint64_t wanted, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	struct slice rest, line;

	if (file_read(path, &text, NULL) < 0)
		return;
	rest = buf_slice(&text);
	buf_add_str(out, "<pre>");
	for (uint64_t n = 1; slice_next_line(&rest, &line); n++)
		if (n + AROUND_LINES >= wanted && n <= wanted + AROUND_LINES)
			add_line(n, n == wanted, line, out);
	buf_add_str(out, "</pre>\n");
}

void trouble_page(const char *why, struct buf *out)
{
	AUTO_FREE char *path = NULL;
	uint64_t line;

	buf_add_str(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<meta "
		"charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>Not built</title>\n"
		"<link rel=\"stylesheet\" href=\"/-/webdev.css\">\n"
		"<body>\n<h1>The pages cannot be built</h1>\n<p>");
	words_add_text(out, slice_of(why));
	buf_add_str(out, "</p>\n");
	if (find_place(why, &path, &line))
		add_source(path, line, out);
	buf_add_str(out,
		"<p>This page goes away by itself when that is mended.</p>\n"
		"</body>\n</html>\n");
}
