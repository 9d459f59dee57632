/* Draws QR codes: in a terminal, and as SVG for a page. */
#include "cmdeploy/site/qr.h"

#include "cmdeploy/site/modules.h"

enum {
	/* Readers do with two, and a terminal is small. */
	TERMINAL_QUIET = 2,
};

/* By upper and lower module: both light, lower dark, upper dark, both. */
static const char *const light_blocks[] = { "█", "▀", "▄", " " };
static const char *const dark_blocks[] = { " ", "▄", "▀", "█" };

int qr_draw(const char *text, bool has_colour, struct buf *out)
{
	const char *const *blocks = has_colour ? dark_blocks : light_blocks;
	struct modules m;
	int r = modules_make(text, MODULES_DENSE, &m);

	if (r < 0)
		return r;
	for (int y = -TERMINAL_QUIET; y < m.width + TERMINAL_QUIET; y += 2) {
		buf_add_str(
			out, has_colour ? "  \033[38;5;16;48;5;231m" : "  ");
		for (int x = -TERMINAL_QUIET; x < m.width + TERMINAL_QUIET; x++)
			buf_add_str(out,
				blocks[modules_is_dark(&m, x, y) * 2 +
					modules_is_dark(&m, x, y + 1)]);
		buf_add_str(out, has_colour ? "\033[0m\n" : "\n");
	}
	modules_release(&m);
	return 0;
}

/* The operator's own, or ours: what the page has under this name. */
static void add_logo(const struct modules *m, int side, struct buf *out)
{
	double start = (m->width - side) / 2 + 0.5;

	buf_addf(out,
		"<image href=\"/" QR_LOGO "\" x=\"%g\" y=\"%g\" width=\"%d\" "
		"height=\"%d\"/>",
		start, start, side - 1, side - 1);
}

/* A run of dark modules is one rectangle of the path. */
static void add_row(const struct modules *m, int y, struct buf *out)
{
	for (int x = 0; x < m->width; x++) {
		int start = x;
		while (modules_is_dark(m, x, y))
			x++;
		if (x > start)
			buf_addf(out, "M%d %dh%dv1H%dz", start, y, x - start,
				start);
	}
}

int qr_add_svg(const char *text, bool has_logo, struct buf *out)
{
	struct modules m;
	int r = modules_make(text, MODULES_STURDY, &m);

	if (r < 0)
		return r;
	int side = has_logo ? modules_clear_middle(&m) : 0;
	int edge = m.width + 2 * MODULES_QUIET;
	buf_addf(out,
		"<svg class=\"qr\" role=\"img\" viewBox=\"%d %d %d %d\" "
		"aria-label=\"QR code of the invitation\">"
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		"fill=\"#fff\"/><path shape-rendering=\"crispEdges\" d=\"",
		-MODULES_QUIET, -MODULES_QUIET, edge, edge, -MODULES_QUIET,
		-MODULES_QUIET, edge, edge);
	for (int y = 0; y < m.width; y++)
		add_row(&m, y, out);
	buf_add_str(out, "\"/>");
	if (side > 0)
		add_logo(&m, side, out);
	buf_add_str(out, "</svg>");
	modules_release(&m);
	return 0;
}
