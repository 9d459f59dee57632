/*
 * template.h - text with holes: the part of Mustache that configuration
 * files need.
 *
 *   {{name}}                the value of a variable
 *   {{#name}} .. {{/name}}  kept when the value is not empty
 *   {{^name}} .. {{/name}}  kept when the value is empty
 *
 * A section tag that stands alone on its line vanishes with the line.
 * Values are inserted as they are. A name that nobody set is an error,
 * also inside a part that is left out: a typing mistake never renders.
 */
#ifndef LIB_TEMPLATE_H
#define LIB_TEMPLATE_H

#include "lib/buf.h"

struct template_var {
	char *name;
	char *value;
};

/* The values of one rendering; zeroed is empty. */
struct template_vars {
	struct template_var *rows;
	size_t n;
};

/* Sets or replaces; both texts are copied. */
void template_vars_set(
	struct template_vars *vars, const char *name, const char *value);
/* "true" or "". */
void template_vars_set_bool(
	struct template_vars *vars, const char *name, bool value);
/* NULL when nobody set it. */
const char *template_vars_get(
	const struct template_vars *vars, struct slice name);
void template_vars_release(struct template_vars *vars);

/*
 * Appends the rendered text to *out. On failure `why` names the template
 * (`name`), the line and what is wrong there.
 */
int template_render(const char *name, struct slice text,
	const struct template_vars *vars, struct buf *out,
	struct buf *why) MUST_CHECK;

#endif
