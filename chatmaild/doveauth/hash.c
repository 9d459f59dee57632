#include "chatmaild/doveauth/hash.h"

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

/* A byte chooses evenly: the alphabet has 64 letters. */
static void add_salt(struct buf *setting)
{
	unsigned char chance[SALT_CHARS];

	random_fill(chance, sizeof(chance));
	for (size_t i = 0; i < sizeof(chance); i++)
		buf_add_char(setting, salt_alphabet[chance[i] % 64]);
}

int hash_password(const char *password, struct buf *out, struct buf *why)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	AUTO_BUF struct buf setting = BUF_INIT(64);
	int r = 0;

	buf_add_str(&setting, "$6$");
	add_salt(&setting);
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
