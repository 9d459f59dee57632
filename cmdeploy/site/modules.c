#include "cmdeploy/site/modules.h"

#include <errno.h>
#include <qrencode.h>

enum {
	LOGO_SHARE = 5,
};

int modules_make(
	const char *text, enum modules_level level, struct modules *ret_modules)
{
	QRcode *code = QRcode_encodeString(text, 0,
		level == MODULES_DENSE ? QR_ECLEVEL_L : QR_ECLEVEL_Q, QR_MODE_8,
		/* case sensitive */ 1);

	if (!code)
		return errno == ERANGE ? -EMSGSIZE : -EINVAL;
	size_t n = (size_t)code->width * (size_t)code->width;
	ret_modules->width = code->width;
	ret_modules->dark = xmalloc(n);
	for (size_t i = 0; i < n; i++)
		ret_modules->dark[i] = code->data[i] & 1;
	QRcode_free(code);
	return 0;
}

void modules_release(struct modules *modules)
{
	free(modules->dark);
	*modules = (struct modules){ 0 };
}

bool modules_is_dark(const struct modules *m, int x, int y)
{
	if (x < 0 || y < 0 || x >= m->width || y >= m->width)
		return false;
	return m->dark[y * m->width + x];
}

int modules_clear_middle(struct modules *m)
{
	/* Odd, as the width is, to be in the very middle. */
	int side = m->width / LOGO_SHARE | 1;
	int start = (m->width - side) / 2;

	for (int y = start; y < start + side; y++)
		for (int x = start; x < start + side; x++)
			m->dark[y * m->width + x] = 0;
	return side;
}
