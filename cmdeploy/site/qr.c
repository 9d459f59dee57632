#include "cmdeploy/site/qr.h"

#include <errno.h>
#include <qrencode.h>

enum {
	/*
	 * The standard asks for four modules around the code; readers do
	 * with two, and a terminal is small.
	 */
	QUIET = 2,
};

/* Outside of the code all is light. */
static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

/* By upper and lower module: both light, lower dark, upper dark, both. */
static const char *const light_blocks[] = { "█", "▀", "▄", " " };
static const char *const dark_blocks[] = { " ", "▄", "▀", "█" };

int qr_draw(const char *text, bool has_colour, struct buf *out)
{
	QRcode *code = QRcode_encodeString(
		text, 0, QR_ECLEVEL_L, QR_MODE_8, /* case sensitive */ 1);
	const char *const *blocks = has_colour ? dark_blocks : light_blocks;

	if (!code)
		return errno == ERANGE ? -EMSGSIZE : -EINVAL;
	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		buf_add_str(
			out, has_colour ? "  \033[38;5;16;48;5;231m" : "  ");
		for (int x = -QUIET; x < code->width + QUIET; x++)
			buf_add_str(out,
				blocks[is_dark(code, x, y) * 2 +
					is_dark(code, x, y + 1)]);
		buf_add_str(out, has_colour ? "\033[0m\n" : "\n");
	}
	QRcode_free(code);
	return 0;
}
