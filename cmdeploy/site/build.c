/* Makes the web pages of a relay out of their sources. */
#include "cmdeploy/site/build.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cmdeploy/site/markdown.h"
#include "cmdeploy/site/qr.h"
#include "cmdeploy/site/values.h"
#include "lib/digest.h"

enum {
	PAGE_MAX_BYTES = 8 << 20,
	TITLE_MAX_BYTES = 4096,
	NAME_MAX_BYTES = 4096,
};

#define LAYOUT "page-layout.html"

struct building {
	const struct site_source *source;
	struct template_vars vars;
	struct file_set *out;
	struct buf *why;
};

static bool has_suffix(const char *name, const char *suffix)
{
	return slice_ends(slice_of(name), slice_of(suffix));
}

static bool is_page(const struct file_bytes *file)
{
	return has_suffix(file->name, ".md");
}

static bool is_template(const struct file_bytes *file)
{
	return is_page(file) || has_suffix(file->name, ".html");
}

/* "info" of "info.md" */
static char *stem(const char *name)
{
	struct slice before = slice_of(name), rest;

	slice_cut_last(slice_of(name), '.', &before, &rest);
	return slice_dup(before);
}

/* Templates ask {{#on_info}}: which page is this? */
static void set_on(struct building *b, const char *name, bool is_here)
{
	AUTO_FREE char *page = stem(name);
	AUTO_FREE char *var = xasprintf("on_%s", page);

	template_vars_set_bool(&b->vars, var, is_here);
}

static void set_all_off(struct building *b)
{
	for (size_t i = 0; i < b->source->files.n; i++)
		if (is_page(&b->source->files.v[i]))
			set_on(b, b->source->files.v[i].name, false);
}

static int render(
	struct building *b, const struct file_bytes *file, struct buf *out)
{
	AUTO_FREE char *path = site_source_path(b->source, file->name);

	return template_render(
		path, file_bytes_slice(file), &b->vars, out, b->why);
}

static const struct file_bytes *find_layout(const struct building *b)
{
	return file_set_find(&b->source->files, LAYOUT);
}

static void set_page_vars(
	struct building *b, const char *page, const struct buf *html)
{
	AUTO_BUF struct buf title = BUF_INIT(TITLE_MAX_BYTES);

	if (!markdown_title(buf_slice(html), &title))
		buf_add_str(&title, page);
	template_vars_set(&b->vars, "page_name", page);
	template_vars_set(&b->vars, "page_title", buf_str(&title));
	template_vars_set(&b->vars, "content", buf_str(html));
}

static int build_page(struct building *b, const struct file_bytes *file)
{
	AUTO_BUF struct buf text = BUF_INIT(PAGE_MAX_BYTES);
	AUTO_BUF struct buf html = BUF_INIT(PAGE_MAX_BYTES);
	AUTO_BUF struct buf whole = BUF_INIT(PAGE_MAX_BYTES);
	AUTO_FREE char *page = stem(file->name);
	AUTO_FREE char *name = xasprintf("%s.html", page);

	set_on(b, file->name, true);
	int r = render(b, file, &text);
	if (r == 0 && markdown_render(buf_slice(&text), &html) < 0)
		r = because(b->why, -EFBIG, "%s: the page is too large", name);
	if (r < 0)
		return r;
	set_page_vars(b, page, &html);
	r = render(b, find_layout(b), &whole);
	set_on(b, file->name, false);
	if (r == 0)
		file_set_add(b->out, name, buf_slice(&whole));
	return r;
}

static int build_file(struct building *b, const struct file_bytes *file)
{
	AUTO_BUF struct buf text = BUF_INIT(PAGE_MAX_BYTES);

	if (strcmp(file->name, LAYOUT) == 0)
		return 0;
	if (is_page(file))
		return build_page(b, file);
	if (!is_template(file)) {
		file_set_add(b->out, file->name, file_bytes_slice(file));
		return 0;
	}
	int r = render(b, file, &text);
	if (r == 0)
		file_set_add(b->out, file->name, buf_slice(&text));
	return r;
}

static int check_whole(const struct building *b)
{
	const struct file_set *files = &b->source->files;
	const char *dir = b->source->dir ? b->source->dir : "our pages";

	if (!find_layout(b))
		return because(b->why, -ENOENT,
			"%s: " LAYOUT " is missing: every page is put into it",
			dir);
	if (!file_set_find(files, "index.md") &&
		!file_set_find(files, "index.html"))
		return because(b->why, -ENOENT,
			"%s: index.md is missing: the page that people see "
			"first",
			dir);
	return 0;
}

/*
 * Of all that pages refer to, for the end of its URL (?v=...): browsers
 * may keep such a file forever.
 */
static void set_asset_version(struct building *b)
{
	uint64_t digest = DIGEST_START;
	const struct file_set *files = &b->source->files;

	for (size_t i = 0; i < files->n; i++) {
		const struct file_bytes *f = &files->v[i];
		if (!is_template(f))
			digest = digest_add(digest, file_bytes_slice(f));
	}
	AUTO_FREE char *text =
		xasprintf("%08" PRIx32, (uint32_t)(digest ^ digest >> 32));
	template_vars_set(&b->vars, "asset_version", text);
}

static int add_png(struct building *b, const struct template_vars *relay)
{
	const char *name = template_vars_get(&b->vars, SLICE("invite_png"));
	AUTO_BUF struct buf link = BUF_INIT(NAME_MAX_BYTES);
	AUTO_BUF struct buf png = BUF_INIT(PAGE_MAX_BYTES);

	if (!site_invitation(relay, &link))
		return 0;
	int r = qr_add_png(buf_str(&link), &png);
	if (r < 0)
		return because(b->why, r, "%s: %s", name, strerror(-r));
	file_set_add(b->out, name, buf_slice(&png));
	return 0;
}

static void note_privacy(const struct template_vars *relay, struct buf *notes)
{
	AUTO_BUF struct buf missing = BUF_INIT(NAME_MAX_BYTES);
	const char *ini = template_vars_get(relay, SLICE("settings_name"));

	if (!ini)
		ini = template_vars_get(relay, SLICE("operators_ini_path"));
	site_missing_privacy(relay, &missing);
	if (notes && missing.len > 0)
		buf_addf(notes,
			"the privacy policy does not say who answers for this "
			"relay; fill in %s of %s\n",
			buf_str(&missing), ini ? ini : "chatmail.ini");
}

static int build_all(struct building *b, const struct template_vars *relay)
{
	bool has_logo = file_set_find(&b->source->files, QR_LOGO);
	int r = check_whole(b);

	if (r == 0)
		r = site_values_set(relay, has_logo, &b->vars, b->why);
	if (r == 0)
		set_asset_version(b);
	set_all_off(b);
	for (size_t i = 0; r == 0 && i < b->source->files.n; i++)
		r = build_file(b, &b->source->files.v[i]);
	return r < 0 ? r : add_png(b, relay);
}

int site_build(const struct site_source *source,
	const struct template_vars *relay, struct file_set *out,
	struct buf *notes, struct buf *why)
{
	struct building b = { .source = source, .out = out, .why = why };
	int r = build_all(&b, relay);

	template_vars_release(&b.vars);
	if (r == 0)
		note_privacy(relay, notes);
	return r;
}
