/*
 * modules.h - the black and white squares of a QR code (ISO/IEC 18004),
 * to be drawn by others.
 */
#ifndef CMDEPLOY_SITE_MODULES_H
#define CMDEPLOY_SITE_MODULES_H

#include <stdbool.h>

#include "lib/util.h"

enum {
	/* Light modules that the standard wants around a code. */
	MODULES_QUIET = 4,
};

enum modules_level {
	MODULES_DENSE,  /* as small as can be; about 7 % may be lost */
	MODULES_STURDY, /* about 25 %, or 15 % where that keeps it small */
};

struct modules {
	unsigned char *dark; /* width * width, row by row */
	int width;
};

/* -EMSGSIZE when the text is too long for a code. */
int modules_make(const char *text, enum modules_level level,
	struct modules *ret_modules) MUST_CHECK;
void modules_release(struct modules *modules);

/* Outside of the code all is light. */
bool modules_is_dark(const struct modules *modules, int x, int y);

/*
 * Makes room for a logo: a square in the middle, a fifth of the width,
 * becomes light; its side in modules. Sturdy codes stay readable. 0 where
 * there is no room: large codes have a pattern there by which readers find
 * their way.
 */
int modules_clear_middle(struct modules *modules);

#endif
