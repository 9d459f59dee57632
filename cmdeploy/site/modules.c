/* QR codes as squares, encoded by libqrencode. */
#include "cmdeploy/site/modules.h"

#include <errno.h>
#include <qrencode.h>

enum {
	LOGO_SHARE = 5,
	/* Version 6: the last without an alignment pattern in the middle. */
	FREE_WIDTH = 41,
};

static QRcode *encode(const char *text, QRecLevel level)
{
	return QRcode_encodeString(
		text, 0, level, QR_MODE_8, /* case sensitive */ 1);
}

static QRcode *encode_sturdy(const char *text)
{
	QRcode *code = encode(text, QR_ECLEVEL_Q);

	if (code && code->width <= FREE_WIDTH)
		return code;
	QRcode_free(code);
	return encode(text, QR_ECLEVEL_M);
}

int modules_make(
	const char *text, enum modules_level level, struct modules *ret_modules)
{
	QRcode *code = level == MODULES_DENSE ? encode(text, QR_ECLEVEL_L)
					      : encode_sturdy(text);

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
	if (m->width > FREE_WIDTH)
		return 0;
	/* Odd, as the width is, to be in the very middle. */
	int side = m->width / LOGO_SHARE | 1;
	int start = (m->width - side) / 2;

	for (int y = start; y < start + side; y++)
		for (int x = start; x < start + side; x++)
			m->dark[y * m->width + x] = 0;
	return side;
}
