/*
 * values.h - what templates of pages may name: settings of chatmail.ini
 * in words, and the invitation.
 */
#ifndef CMDEPLOY_SITE_VALUES_H
#define CMDEPLOY_SITE_VALUES_H

#include <stdint.h>

#include "lib/template.h"

/*
 * Fills *out from the variables of a relay (components/README.md). Texts are
 * safe in HTML and in Markdown. -EMSGSIZE when the invitation does not
 * fit into a QR code.
 */
int site_values_set(const struct template_vars *relay, bool has_logo,
	struct template_vars *out, struct buf *why) MUST_CHECK;

/*
 * The link that makes an account; false when there is none for all, but
 * one for each visitor (chatmaild/common/invite.h).
 */
bool site_invitation(
	const struct template_vars *relay, struct buf *out) MUST_CHECK;

/* Appends the names of privacy keys that are empty, with commas. */
void site_missing_privacy(const struct template_vars *relay, struct buf *out);

/* "30 MB", "1.5 GB"; a kilobyte has 1024 bytes, as in chatmail.ini. */
void values_add_bytes(struct buf *out, uint64_t bytes);
/* "1 day", "20 days": `unit` is the singular. */
void values_add_count(struct buf *out, uint64_t n, const char *unit);
/*
 * Text for HTML, also inside quotes, in which Markdown finds no markup; the
 * end of a line becomes <br>.
 */
void values_add_text(struct buf *out, struct slice text);

#endif
