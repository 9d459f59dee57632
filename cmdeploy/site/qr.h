/*
 * qr.h - QR codes: in a terminal, in a page, on paper. All fail with
 * -EMSGSIZE when the text is too long for a code.
 */
#ifndef CMDEPLOY_SITE_QR_H
#define CMDEPLOY_SITE_QR_H

#include <stdbool.h>

#include "lib/buf.h"

/*
 * Appends the code of `text`, two rows of modules a line, with a quiet
 * zone around it. With colours it is black on white whatever the terminal
 * looks like; without, the light modules are drawn, as for a terminal
 * with a dark background.
 */
int qr_draw(const char *text, bool has_colour, struct buf *out) MUST_CHECK;

/* What stands in the middle of a code on a page, below its root. */
#define QR_LOGO "logo.svg"

/* An <svg> of class "qr", on white with the quiet zone. */
int qr_add_svg(const char *text, bool has_logo, struct buf *out) MUST_CHECK;

/* A PNG for printing, our logo in its middle. */
int qr_add_png(const char *text, struct buf *out) MUST_CHECK;

#endif
