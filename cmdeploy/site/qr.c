/* Draws QR codes: in a terminal, and as SVG for a page. */
#include "cmdeploy/site/qr.h"

#include <errno.h>

enum {
	LOGO_SHARE = 5,
	/* Version 6: the last without an alignment pattern in the middle. */
	FREE_WIDTH = 41,
	/* Readers do with two, and a terminal is small. */
	TERMINAL_QUIET = 2,
};

static int encode(const char *text, QRecLevel level, QRcode **ret_code)
{
	QRcode *code = QRcode_encodeString(
		text, 0, level, QR_MODE_8, /* case sensitive */ 1);

	if (!code)
		return errno == ERANGE ? -EMSGSIZE : -EINVAL;
	*ret_code = code;
	return 0;
}

int qr_encode_sturdy(const char *text, QRcode **ret_code)
{
	int r = encode(text, QR_ECLEVEL_Q, ret_code);

	if (r == 0 && (*ret_code)->width <= FREE_WIDTH)
		return 0;
	if (r == 0)
		QRcode_free(*ret_code);
	return encode(text, QR_ECLEVEL_M, ret_code);
}

bool qr_is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

int qr_clear_middle(QRcode *code)
{
	if (code->width > FREE_WIDTH)
		return 0;
	/* Odd, as the width is, to be in the very middle. */
	int side = code->width / LOGO_SHARE | 1;
	int start = (code->width - side) / 2;

	for (int y = start; y < start + side; y++)
		for (int x = start; x < start + side; x++)
			code->data[y * code->width + x] = 0;
	return side;
}

/* By upper and lower module: both light, lower dark, upper dark, both. */
static const char *const light_blocks[] = { "█", "▀", "▄", " " };
static const char *const dark_blocks[] = { " ", "▄", "▀", "█" };

int qr_draw(const char *text, bool has_colour, struct buf *out)
{
	const char *const *blocks = has_colour ? dark_blocks : light_blocks;
	QRcode *code;
	int r = encode(text, QR_ECLEVEL_L, &code);

	if (r < 0)
		return r;
	for (int y = -TERMINAL_QUIET; y < code->width + TERMINAL_QUIET;
		y += 2) {
		buf_add_str(
			out, has_colour ? "  \033[38;5;16;48;5;231m" : "  ");
		for (int x = -TERMINAL_QUIET; x < code->width + TERMINAL_QUIET;
			x++)
			buf_add_str(out,
				blocks[qr_is_dark(code, x, y) * 2 +
					qr_is_dark(code, x, y + 1)]);
		buf_add_str(out, has_colour ? "\033[0m\n" : "\n");
	}
	QRcode_free(code);
	return 0;
}

/* The operator's own, or ours: what the page has under this name. */
static void add_logo(const QRcode *code, int side, struct buf *out)
{
	double start = (code->width - side) / 2 + 0.5;

	buf_addf(out,
		"<image href=\"/" QR_LOGO "\" x=\"%g\" y=\"%g\" width=\"%d\" "
		"height=\"%d\"/>",
		start, start, side - 1, side - 1);
}

/* A run of dark modules is one rectangle of the path. */
static void add_row(const QRcode *code, int y, struct buf *out)
{
	for (int x = 0; x < code->width; x++) {
		int start = x;
		while (qr_is_dark(code, x, y))
			x++;
		if (x > start)
			buf_addf(out, "M%d %dh%dv1H%dz", start, y, x - start,
				start);
	}
}

int qr_add_svg(const char *text, bool has_logo, struct buf *out)
{
	QRcode *code;
	int r = qr_encode_sturdy(text, &code);

	if (r < 0)
		return r;
	int side = has_logo ? qr_clear_middle(code) : 0;
	int edge = code->width + 2 * QR_QUIET;
	buf_addf(out,
		"<svg class=\"qr\" role=\"img\" viewBox=\"%d %d %d %d\" "
		"aria-label=\"QR code of the invitation\">"
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		"fill=\"#fff\"/><path shape-rendering=\"crispEdges\" d=\"",
		-QR_QUIET, -QR_QUIET, edge, edge, -QR_QUIET, -QR_QUIET, edge,
		edge);
	for (int y = 0; y < code->width; y++)
		add_row(code, y, out);
	buf_add_str(out, "\"/>");
	if (side > 0)
		add_logo(code, side, out);
	buf_add_str(out, "</svg>");
	QRcode_free(code);
	return 0;
}
