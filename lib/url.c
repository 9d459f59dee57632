/* Finds the password in a URL, and hides it from people. */
#include "lib/url.h"

#include <string.h>

struct slice url_password(struct slice text)
{
	const char *at = memmem(text.ptr, text.len, "://", 3);
	struct slice rest, user, host, authority, path;

	if (!at)
		return SLICE_NONE;
	rest = slice_from(text, (size_t)(at + 3 - text.ptr));
	if (!slice_cut(rest, '/', &authority, &path))
		authority = rest;
	/* A "/" in a password must be escaped; here somebody forgot it. */
	if (!slice_cut_last(authority, '@', &user, &host) &&
		!slice_cut_last(rest, '@', &user, &host))
		return SLICE_NONE;
	return slice_cut(user, ':', &host, &user) ? user : SLICE_NONE;
}

void url_add_masked(struct buf *out, struct slice text, struct slice secret)
{
	const char *at;

	while (secret.len > 0 &&
		(at = memmem(text.ptr, text.len, secret.ptr, secret.len))) {
		size_t n = (size_t)(at - text.ptr);
		buf_add_slice(out, slice_head(text, n));
		buf_add_str(out, "***");
		text = slice_from(text, n + secret.len);
	}
	buf_add_slice(out, text);
}
