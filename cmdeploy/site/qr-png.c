/*
 * A QR code as a PNG, to be printed: qr_add_png(). The logo in its middle,
 * logo.png, is www/src/logo.svg on white, drawn once, in a few colours.
 */
#include <errno.h>
#include <png.h>
#include <string.h>

#include "cmdeploy/embed.h"
#include "cmdeploy/site/qr.h"

enum {
	LOGO_EDGE = 96, /* pixels; 4, 6 and 8 modules are whole pixels */
	COLOURS_MAX = 256,
	SCALE_ALONE = 16, /* pixels a module, without a logo */
};

/* Pixels are numbers of colours; black and white come after the logo's. */
struct picture {
	png_color colours[COLOURS_MAX];
	png_byte black, white;
	png_byte logo[LOGO_EDGE * LOGO_EDGE];
	png_byte *dots; /* edge * edge */
	int edge, scale;
};

static int read_logo(struct picture *p)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	struct slice file = SLICE_NONE;

	if (!embed_find("site/logo.png", &file) ||
		!png_image_begin_read_from_memory(&image, file.ptr, file.len))
		return -EBADMSG;
	image.format = PNG_FORMAT_RGB_COLORMAP;
	if (image.width != LOGO_EDGE || image.height != LOGO_EDGE ||
		!png_image_finish_read(&image, NULL, p->logo, 0, p->colours) ||
		image.colormap_entries > COLOURS_MAX - 2) {
		png_image_free(&image);
		return -EBADMSG;
	}
	p->black = (png_byte)image.colormap_entries;
	p->white = (png_byte)(p->black + 1);
	p->colours[p->black] = (png_color){ 0, 0, 0 };
	p->colours[p->white] = (png_color){ 255, 255, 255 };
	return 0;
}

static void paint_modules(struct picture *p, const QRcode *code)
{
	for (int y = 0; y < p->edge; y++)
		for (int x = 0; x < p->edge; x++)
			p->dots[y * p->edge + x] =
				qr_is_dark(code, x / p->scale - QR_QUIET,
					y / p->scale - QR_QUIET)
				? p->black
				: p->white;
}

static void paint_logo(struct picture *p)
{
	int start = (p->edge - LOGO_EDGE) / 2;

	for (int y = 0; y < LOGO_EDGE; y++)
		memcpy(p->dots + (start + y) * p->edge + start,
			p->logo + y * LOGO_EDGE, LOGO_EDGE);
}

/* The logo leaves half a module of white around it. */
static void paint(struct picture *p, QRcode *code)
{
	int side = qr_clear_middle(code);

	p->scale = side > 0 ? LOGO_EDGE / (side - 1) : SCALE_ALONE;
	p->edge = (code->width + 2 * QR_QUIET) * p->scale;
	p->dots = xmalloc((size_t)p->edge * (size_t)p->edge);
	paint_modules(p, code);
	if (side > 0)
		paint_logo(p);
}

static int write_png(const struct picture *p, struct buf *out)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)p->edge,
		.height = (png_uint_32)p->edge,
		.format = PNG_FORMAT_RGB_COLORMAP,
		.colormap_entries = p->white + 1U,
	};
	png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(image);
	AUTO_FREE char *png = xmalloc(len);

	if (!png_image_write_to_memory(
		    &image, png, &len, 0, p->dots, 0, p->colours))
		return -ENOMEM;
	buf_add(out, png, len);
	return buf_ok(out) ? 0 : -EFBIG;
}

int qr_add_png(const char *text, struct buf *out)
{
	struct picture picture = { 0 };
	QRcode *code;
	int r = qr_encode_sturdy(text, &code);

	if (r < 0)
		return r;
	r = read_logo(&picture);
	if (r == 0) {
		paint(&picture, code);
		r = write_png(&picture, out);
	}
	free(picture.dots);
	QRcode_free(code);
	return r;
}
