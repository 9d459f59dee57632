/*
 * logo.h - the mark of the project, to be painted dot by dot: a speech
 * bubble that is an envelope. www/src/logo.svg draws the same.
 */
#ifndef CMDEPLOY_SITE_LOGO_H
#define CMDEPLOY_SITE_LOGO_H

enum {
	LOGO_UNITS = 16, /* it is as wide and as high */
	LOGO_RED = 0x0b,
	LOGO_GREEN = 0x6e,
	LOGO_BLUE = 0x5f,
};

/*
 * How much of its colour a small square has whose upper left corner is
 * at (x, y), and whose side is `side`: 0, on white, to 1.
 */
double logo_cover(double x, double y, double side);

#endif
