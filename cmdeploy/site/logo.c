#include "cmdeploy/site/logo.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/util.h"

enum {
	SAMPLES = 4, /* a square of so many by so many */
};

struct point {
	double x, y;
};

/* The bubble, its round corners, and the stroke of the flap. */
static const struct point body_from = { 1, 1.5 }, body_to = { 15, 12.5 };
static const double CORNER = 3, HALF_STROKE = 0.7;
static const struct point tail[] = { { 4, 12 }, { 4, 15.5 }, { 8.5, 12 } };
static const struct point flap[] = { { 4.5, 5 }, { 8, 8 }, { 11.5, 5 } };

static double between(double value, double least, double most)
{
	return fmin(fmax(value, least), most);
}

/* In a rectangle with round corners: near the smaller one inside. */
static bool is_in_body(struct point p)
{
	double x = between(p.x, body_from.x + CORNER, body_to.x - CORNER);
	double y = between(p.y, body_from.y + CORNER, body_to.y - CORNER);

	return hypot(p.x - x, p.y - y) <= CORNER;
}

/* To the left of the line from a to b, y pointing down. */
static bool is_left_of(struct point p, struct point a, struct point b)
{
	return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) <= 0;
}

static bool is_in_tail(struct point p)
{
	return is_left_of(p, tail[0], tail[1]) &&
		is_left_of(p, tail[1], tail[2]) &&
		is_left_of(p, tail[2], tail[0]);
}

static bool is_on_line(struct point p, struct point a, struct point b)
{
	double dx = b.x - a.x, dy = b.y - a.y;
	double at = ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy);

	at = between(at, 0, 1);
	return hypot(p.x - a.x - at * dx, p.y - a.y - at * dy) <= HALF_STROKE;
}

static bool is_coloured(struct point p)
{
	return (is_in_body(p) || is_in_tail(p)) &&
		!is_on_line(p, flap[0], flap[1]) &&
		!is_on_line(p, flap[1], flap[2]);
}

double logo_cover(double x, double y, double side)
{
	int n = 0;

	for (int i = 0; i < SAMPLES * SAMPLES; i++) {
		struct point p = {
			.x = x + (i % SAMPLES + 0.5) * side / SAMPLES,
			.y = y + (i / SAMPLES + 0.5) * side / SAMPLES,
		};
		n += is_coloured(p);
	}
	return (double)n / (SAMPLES * SAMPLES);
}
