/*
 * words.h - settings as a person reads them on a page, and text made safe
 * for one.
 */
#ifndef CMDEPLOY_SITE_WORDS_H
#define CMDEPLOY_SITE_WORDS_H

#include <stdint.h>

#include "lib/buf.h"

/* "30 MB", "1.5 GB"; a kilobyte has 1024 bytes, as in chatmail.ini. */
void words_add_bytes(struct buf *out, uint64_t bytes);

/* "1 day", "20 days": `unit` is the singular. */
void words_add_count(struct buf *out, uint64_t n, const char *unit);

/*
 * Text for HTML, also inside quotes, that Markdown does not take for its
 * own; the end of a line becomes <br>.
 */
void words_add_text(struct buf *out, struct slice text);

#endif
