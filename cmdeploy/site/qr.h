/*
 * qr.h - QR codes (ISO/IEC 18004), encoded by libqrencode: in a terminal, in
 * a page, on paper. All fail with -EMSGSIZE when the text is too long for a
 * code.
 */
#ifndef CMDEPLOY_SITE_QR_H
#define CMDEPLOY_SITE_QR_H

#include <qrencode.h>
#include <stdbool.h>

#include "lib/buf.h"

enum {
	/* Light modules that the standard wants around a code. */
	QR_QUIET = 4,
};

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

/*
 * For those who draw it. A sturdy code, of which about 25 % may be lost, or
 * 15 % where that keeps it small; QRcode_free().
 */
int qr_encode_sturdy(const char *text, QRcode **ret_code) MUST_CHECK;
/* Outside of the code all is light. */
bool qr_is_dark(const QRcode *code, int x, int y);
/*
 * Makes room for a logo in a sturdy code: a square in the middle, a fifth of
 * the width, becomes light; its side in modules. 0 where there is no room:
 * large codes have a pattern there by which readers find their way.
 */
int qr_clear_middle(QRcode *code);

#endif
