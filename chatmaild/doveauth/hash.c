/*
 * hash.c - crypt(3), as password files need it (hash.h).
 */
#include "chatmaild/doveauth/hash.h"

#include <crypt.h>
#include <errno.h>
#include <sodium/utils.h>
#include <string.h>

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

	arc4random_buf(chance, sizeof(chance));
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

/* Behind "{SHA512-CRYPT}" or another scheme of crypt(3); NULL: none. */
static const char *setting_of(const char *stored)
{
	const char *end = strchr(stored, '}');

	if (stored[0] != '{' || !end ||
		!slice_ends(slice_make(stored, (size_t)(end - stored)),
			SLICE("CRYPT")))
		return NULL;
	return end + 1;
}

int hash_check(const char *password, const char *stored)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *setting = setting_of(stored);
	const char *text = setting
		? crypt_rn(password, setting, data, (int)sizeof(*data))
		: NULL;
	int r = -EINVAL;

	if (text)
		r = strlen(text) == strlen(setting) &&
			sodium_memcmp(text, setting, strlen(text)) == 0;
	explicit_bzero(data, sizeof(*data));
	free(data);
	return r;
}
