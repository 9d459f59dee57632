/*
 * qr.h - a QR code drawn in a terminal.
 */
#ifndef CMDEPLOY_SITE_QR_H
#define CMDEPLOY_SITE_QR_H

#include <stdbool.h>

#include "lib/buf.h"

/*
 * Appends the code of `text`, two rows of modules a line, with a quiet
 * zone around it. With colours it is black on white whatever the terminal
 * looks like; without, the light modules are drawn, as for a terminal
 * with a dark background. -EMSGSIZE when the text is too long for a code.
 */
int qr_draw(const char *text, bool has_colour, struct buf *out) MUST_CHECK;

#endif
