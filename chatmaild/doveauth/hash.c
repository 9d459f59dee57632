/* Checks passwords against what their files keep (hash.h). */
#include "chatmaild/doveauth/hash.h"

#include <crypt.h>
#include <errno.h>
#include <sodium/utils.h>
#include <string.h>

#include "lib/slice.h"

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
