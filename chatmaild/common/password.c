/* Hashes passwords by crypt(3) (password.h). */
#include "chatmaild/common/password.h"

#include <crypt.h>
#include <errno.h>
#include <string.h>

#include "lib/random.h"

enum {
	SALT_CHARS = 16,
};

#define SCHEME "{SHA512-CRYPT}"

static const char salt_alphabet[] =
	"./0123456789"
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

int password_hash(const char *password, struct buf *out, struct buf *why)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	AUTO_BUF struct buf setting = BUF_INIT(64);
	int r = 0;

	buf_add_str(&setting, "$6$");
	random_add_text(&setting, salt_alphabet, SALT_CHARS);
	const char *text =
		crypt_rn(password, buf_str(&setting), data, (int)sizeof(*data));
	if (text) {
		buf_add_str(out, SCHEME);
		buf_add_str(out, text);
	} else {
		r = because(why, -EINVAL, "cannot hash a password");
	}
	explicit_bzero(data, sizeof(*data));
	free(data);
	return r;
}
