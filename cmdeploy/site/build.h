/*
 * build.h - the web pages of a relay, out of their sources.
 *
 *   NAME.md            -> NAME.html, inside page-layout.html
 *   NAME.html          -> itself; page-layout.html is not a page
 *   everything else    -> itself, unread
 *
 * The first two are templates (lib/template.h) of the names that
 * www/README.md lists. A relay that invites everybody by one link gets
 * its QR code as a PNG, too: qr-chatmail-invite-<mail_domain>.png.
 */
#ifndef CMDEPLOY_SITE_BUILD_H
#define CMDEPLOY_SITE_BUILD_H

#include "cmdeploy/site/source.h"
#include "lib/template.h"

/*
 * Adds the files of the site to *out. `relay` are the variables of a
 * relay. On failure `why` names the source file and, where there is one,
 * the line. What a person should know goes to `notes`, a line each; it
 * may be NULL.
 */
int site_build(const struct site_source *source,
	const struct template_vars *relay, struct file_set *out,
	struct buf *notes, struct buf *why) MUST_CHECK;

#endif
