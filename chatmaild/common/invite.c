/* invite.c - the texts of dcaccount: and dclogin: links. */
#include "chatmaild/common/invite.h"

#include <string.h>

#include "lib/random.h"

enum {
	/* What the app makes up when it is asked to; within the rules. */
	NAME_CHARS = 9,
	PASSWORD_CHARS = 22,
};

static const char name_alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char password_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* RFC 3986, 2.3: unreserved characters stand for themselves. */
static bool is_unreserved(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) ||
		(c != '\0' && strchr("-._~", c));
}

static void add_percent(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_unreserved(text.ptr[i]))
			buf_add_char(out, text.ptr[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)text.ptr[i]);
	}
}

bool invite_is_personal(const struct config *config)
{
	return config->is_self_signed && config->mail_domain[0] != '_';
}

void invite_add_dcaccount(const struct config *config, struct buf *out)
{
	buf_addf(out, "dcaccount:https://%s/new", config->address_domain);
}

static void add_hosts(const struct config *config, struct buf *out)
{
	buf_add_str(out, "&ih=");
	add_percent(out, slice_of(config->mail_domain));
	buf_add_str(out, "&sh=");
	add_percent(out, slice_of(config->mail_domain));
	buf_add_str(out, "&ic=3");
}

void invite_add_dclogin(const struct config *config, struct slice address,
	struct slice password, struct buf *out)
{
	buf_add_str(out, "dclogin:");
	buf_add_slice(out, address);
	buf_add_str(out, "?p=");
	add_percent(out, password);
	buf_add_str(out, "&v=1");
	if (config->is_self_signed)
		add_hosts(config, out);
}

static uint64_t name_length(const struct config *config)
{
	uint64_t n = NAME_CHARS;

	if (n < config->username_min_length)
		n = config->username_min_length;
	if (n > config->username_max_length)
		n = config->username_max_length;
	return n;
}

void invite_new_account(const struct config *config, struct buf *ret_address,
	struct buf *ret_password)
{
	uint64_t n = config->password_min_length;

	random_add_text(ret_address, name_alphabet, name_length(config));
	buf_add_char(ret_address, '@');
	buf_add_str(ret_address, config->address_domain);
	random_add_text(ret_password, password_alphabet,
		n > PASSWORD_CHARS ? n : PASSWORD_CHARS);
}
