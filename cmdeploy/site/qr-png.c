/* A QR code as a PNG, to be printed: qr_add_png(). */
#include <errno.h>
#include <math.h>
#include <png.h>

#include "cmdeploy/site/logo.h"
#include "cmdeploy/site/modules.h"
#include "cmdeploy/site/qr.h"

enum {
	SCALE = 16, /* pixels a module */
	WHITE = 0,
	BLACK = 1,
	TINT = 2, /* the first of those between white and the logo's colour */
	TINTS = 16,
	COLOURS = TINT + TINTS,
	COMPRESSION = 6,
};

/* The square in the middle, in pixels of the whole picture. */
struct logo_place {
	int start, side;
};

static void write_chunk(png_structp png, png_bytep bytes, png_size_t len)
{
	buf_add(png_get_io_ptr(png), bytes, len);
}

static void flush(png_structp png UNUSED)
{
}

static void set_palette(png_structp png, png_infop info)
{
	png_color colours[COLOURS] = { [WHITE] = { 255, 255, 255 } };

	for (int i = 0; i < TINTS; i++) {
		int n = TINTS - 1;
		colours[TINT + i] = (png_color){
			.red = (png_byte)(255 + (LOGO_RED - 255) * i / n),
			.green = (png_byte)(255 + (LOGO_GREEN - 255) * i / n),
			.blue = (png_byte)(255 + (LOGO_BLUE - 255) * i / n),
		};
	}
	png_set_PLTE(png, info, colours, COLOURS);
}

static png_byte logo_colour(const struct logo_place *logo, int x, int y)
{
	double unit = (double)LOGO_UNITS / logo->side;
	double cover = logo_cover(
		(x - logo->start) * unit, (y - logo->start) * unit, unit);

	return (png_byte)(TINT + lround(cover * (TINTS - 1)));
}

static bool is_in_logo(const struct logo_place *logo, int x, int y)
{
	return x >= logo->start && x < logo->start + logo->side &&
		y >= logo->start && y < logo->start + logo->side;
}

static void paint_row(const struct modules *m, const struct logo_place *logo,
	int y, png_byte *row)
{
	int edge = (m->width + 2 * MODULES_QUIET) * SCALE;

	for (int x = 0; x < edge; x++) {
		if (is_in_logo(logo, x, y))
			row[x] = logo_colour(logo, x, y);
		else
			row[x] = modules_is_dark(m, x / SCALE - MODULES_QUIET,
					 y / SCALE - MODULES_QUIET)
				? BLACK
				: WHITE;
	}
}

static void paint(const struct modules *m, const struct logo_place *logo,
	png_structp png, png_infop info)
{
	int edge = (m->width + 2 * MODULES_QUIET) * SCALE;
	AUTO_FREE png_byte *row = xmalloc((size_t)edge);

	png_set_IHDR(png, info, (png_uint_32)edge, (png_uint_32)edge, 8,
		PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
		PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, COMPRESSION);
	png_set_filter(png, 0, PNG_FILTER_NONE);
	set_palette(png, info);
	png_write_info(png, info);
	for (int y = 0; y < edge; y++) {
		paint_row(m, logo, y, row);
		png_write_row(png, row);
	}
	png_write_end(png, info);
}

/*
 * libpng knows no failure here but the end of memory, at which it ends
 * the process, as everything of ours does.
 */
int qr_add_png(const char *text, struct buf *out)
{
	struct modules m;
	int r = modules_make(text, MODULES_STURDY, &m);

	if (r < 0)
		return r;
	int side = modules_clear_middle(&m);
	/* Half a module of white around it. */
	struct logo_place logo = {
		.start = ((m.width - side) / 2 + MODULES_QUIET) * SCALE +
			SCALE / 2,
		.side = side > 0 ? (side - 1) * SCALE : 0,
	};
	png_structp png = png_create_write_struct(
		PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	r = info ? 0 : -ENOMEM;
	if (info) {
		png_set_write_fn(png, out, write_chunk, flush);
		paint(&m, &logo, png, info);
	}
	png_destroy_write_struct(&png, &info);
	modules_release(&m);
	return r < 0 || buf_ok(out) ? r : -EFBIG;
}
