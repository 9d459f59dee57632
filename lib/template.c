/* template.c - names in a text replaced by their values. */
#include "lib/template.h"

#include <errno.h>
#include <string.h>

enum {
	DEPTH_MAX = 16,
};

void template_vars_set(
	struct template_vars *vars, const char *name, const char *value)
{
	for (size_t i = 0; i < vars->n; i++) {
		if (strcmp(vars->rows[i].name, name) != 0)
			continue;
		char *copy = xstrdup(value);
		free(vars->rows[i].value);
		vars->rows[i].value = copy;
		return;
	}
	vars->rows =
		xreallocarray(vars->rows, vars->n + 1, sizeof(vars->rows[0]));
	vars->rows[vars->n++] = (struct template_var){
		.name = xstrdup(name),
		.value = xstrdup(value),
	};
}

void template_vars_set_bool(
	struct template_vars *vars, const char *name, bool value)
{
	template_vars_set(vars, name, value ? "true" : "");
}

const char *template_vars_get(
	const struct template_vars *vars, struct slice name)
{
	for (size_t i = 0; i < vars->n; i++)
		if (slice_eq_str(name, vars->rows[i].name))
			return vars->rows[i].value;
	return NULL;
}

void template_vars_release(struct template_vars *vars)
{
	if (!vars)
		return;
	for (size_t i = 0; i < vars->n; i++) {
		free(vars->rows[i].name);
		free(vars->rows[i].value);
	}
	free(vars->rows);
	*vars = (struct template_vars){ 0 };
}

struct section {
	struct slice name;
	int line;
	bool is_kept; /* together with those around it */
};

struct rendering {
	const char *name;
	const struct template_vars *vars;
	struct buf *out;
	struct buf *why;
	int line;
	int depth;
	struct section sections[DEPTH_MAX];
};

struct tag {
	char kind; /* '#', '^', '/', or 0 for a variable */
	struct slice name;
};

static bool is_kept(const struct rendering *r)
{
	return r->depth == 0 || r->sections[r->depth - 1].is_kept;
}

static struct tag tag_read(struct slice inside)
{
	char first = inside.len ? inside.ptr[0] : 0;
	char kind = first == '#' || first == '^' || first == '/' ? first : 0;

	return (struct tag){
		.kind = kind,
		.name = slice_trim(slice_from(inside, kind ? 1 : 0)),
	};
}

static int section_open(struct rendering *r, const struct tag *tag, bool is_set)
{
	bool is_wanted = is_set == (tag->kind == '#');

	if (r->depth == DEPTH_MAX)
		return because(r->why, -EINVAL,
			"%s: line %d: more than %d sections inside each other",
			r->name, r->line, DEPTH_MAX);
	bool is_visible = is_kept(r) && is_wanted;
	r->sections[r->depth++] = (struct section){
		.name = tag->name,
		.line = r->line,
		.is_kept = is_visible,
	};
	return 0;
}

static int section_close(struct rendering *r, const struct tag *tag)
{
	if (r->depth == 0)
		return because(r->why, -EINVAL,
			"%s: line %d: {{/%.*s}} closes nothing", r->name,
			r->line, SLICE_FMT(tag->name));
	const struct section *top = &r->sections[r->depth - 1];
	if (!slice_eq(top->name, tag->name))
		return because(r->why, -EINVAL,
			"%s: line %d: {{/%.*s}} where {{/%.*s}} of line %d "
			"should stand",
			r->name, r->line, SLICE_FMT(tag->name),
			SLICE_FMT(top->name), top->line);
	r->depth--;
	return 0;
}

static int tag_apply(struct rendering *r, const struct tag *tag)
{
	if (tag->kind == '/')
		return section_close(r, tag);
	const char *value = template_vars_get(r->vars, tag->name);
	if (!value)
		return because(r->why, -EINVAL,
			"%s: line %d: nothing is called \"%.*s\"", r->name,
			r->line, SLICE_FMT(tag->name));
	if (tag->kind)
		return section_open(r, tag, value[0] != '\0');
	if (is_kept(r))
		buf_add_str(r->out, value);
	return 0;
}

/* Cuts `line` at its first tag: text before, tag, rest. */
static int tag_find(struct rendering *r, struct slice line,
	struct slice *ret_before, struct tag *ret_tag, struct slice *ret_rest)
{
	const char *open = memmem(line.ptr, line.len, "{{", 2);

	if (!open)
		return 0;
	struct slice after = slice_from(line, (size_t)(open - line.ptr) + 2);
	const char *close = memmem(after.ptr, after.len, "}}", 2);
	if (!close)
		return because(r->why, -EINVAL,
			"%s: line %d: \"{{\" without \"}}\" on the same line",
			r->name, r->line);
	*ret_before = slice_head(line, (size_t)(open - line.ptr));
	*ret_tag = tag_read(slice_head(after, (size_t)(close - after.ptr)));
	*ret_rest = slice_from(after, (size_t)(close - after.ptr) + 2);
	return 1;
}

static bool is_blank(struct slice s)
{
	return slice_trim(s).len == 0;
}

/* `line` includes its line feed, if it has one. */
static int line_render(struct rendering *r, struct slice line)
{
	struct slice before, rest;
	struct tag tag;
	int found = tag_find(r, line, &before, &tag, &rest);

	if (found == 1 && tag.kind && is_blank(before) && is_blank(rest))
		return tag_apply(r, &tag);
	while (found == 1) {
		if (is_kept(r))
			buf_add_slice(r->out, before);
		int error = tag_apply(r, &tag);
		if (error < 0)
			return error;
		line = rest;
		found = tag_find(r, line, &before, &tag, &rest);
	}
	if (found == 0 && is_kept(r))
		buf_add_slice(r->out, line);
	return found;
}

static struct slice next_line(struct slice *rest)
{
	const char *end = memchr(rest->ptr, '\n', rest->len);
	size_t len = end ? (size_t)(end - rest->ptr) + 1 : rest->len;
	struct slice line = slice_head(*rest, len);

	*rest = slice_from(*rest, len);
	return line;
}

int template_render(const char *name, struct slice text,
	const struct template_vars *vars, struct buf *out, struct buf *why)
{
	struct rendering r = {
		.name = name,
		.vars = vars,
		.out = out,
		.why = why,
	};

	while (text.len > 0) {
		struct slice line = next_line(&text);
		r.line++;
		int error = line_render(&r, line);
		if (error < 0)
			return error;
	}
	if (r.depth > 0) {
		const struct section *top = &r.sections[r.depth - 1];
		return because(why, -EINVAL,
			"%s: line %d: the section \"%.*s\" never ends", name,
			top->line, SLICE_FMT(top->name));
	}
	if (!buf_ok(out))
		return because(why, -EFBIG, "%s: larger than %zu bytes", name,
			out->max);
	return 0;
}
