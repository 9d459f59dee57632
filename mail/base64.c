/* Base64 whose value somebody needs: keys, hashes, signatures. */
#include "mail/base64.h"

#include <errno.h>
#include <openssl/evp.h>

/* The text without blanks, its padding made up for. */
static void gather(struct slice text, struct buf *out)
{
	size_t n_pads = 0;

	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_space(text.ptr[i]))
			buf_add_char(out, text.ptr[i]);
	while (n_pads < 2 && out->len > n_pads &&
		out->ptr[out->len - 1 - n_pads] == '=')
		n_pads++;
	buf_truncate(out, out->len - n_pads);
}

ssize_t base64_decode(struct slice text, void *ret_bytes, size_t max)
{
	AUTO_BUF struct buf b = BUF_INIT(text.len + 2);

	gather(text, &b);
	size_t len = b.len / 4 * 3 + (b.len % 4 * 3) / 4;
	if (!base64_is_pure(buf_str(&b), b.len) || b.len % 4 == 1)
		return -EINVAL;
	while (b.len % 4 > 0)
		buf_add_char(&b, '=');
	if (b.len / 4 * 3 > max)
		return -EMSGSIZE;
	if (EVP_DecodeBlock(ret_bytes, (const unsigned char *)buf_str(&b),
		    (int)b.len) < 0)
		return -EINVAL;
	return (ssize_t)len;
}
