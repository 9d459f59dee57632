/*
 * markdown.h - Markdown to HTML: CommonMark with tables, bare links and
 * strike-through; HTML in it stays as it is.
 */
#ifndef CMDEPLOY_SITE_MARKDOWN_H
#define CMDEPLOY_SITE_MARKDOWN_H

#include "lib/buf.h"

/* Every text is valid Markdown, so this fails on an over-full *out only. */
int markdown_render(struct slice text, struct buf *out) MUST_CHECK;

/*
 * What the first heading of the first level says, as HTML without the
 * tags in it; false when there is none.
 */
bool markdown_title(struct slice html, struct buf *out) MUST_CHECK;

#endif
