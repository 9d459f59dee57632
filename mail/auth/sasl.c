/*
 * sasl.c - what a client of SASL answers, taken apart (sasl.h).
 */
#include "mail/auth/sasl.h"

#include <errno.h>
#include <string.h>

#include "mail/base64.h"

enum {
	DECODED_MAX_BYTES = 3 * SASL_TEXT_MAX_BYTES,
};

/* "Username:" and "Password:", as everybody asks. */
#define ASK_USER     "VXNlcm5hbWU6"
#define ASK_PASSWORD "UGFzc3dvcmQ6"

static int set_text(struct buf *b, struct slice text)
{
	if (text.len == 0 || slice_has_char(text, '\0'))
		return -EINVAL;
	buf_add_slice(b, text);
	return buf_ok(b) ? 0 : -EINVAL;
}

/* An identity to act as, NUL, the user, NUL, the password. */
static int step_plain(struct sasl *s, struct slice text)
{
	struct slice identity, rest, user, password;

	if (!slice_cut(text, '\0', &identity, &rest) ||
		!slice_cut(rest, '\0', &user, &password))
		return -EINVAL;
	/* Nobody may act as somebody else. */
	if (identity.len > 0 && !slice_eq(identity, user))
		return -EINVAL;
	if (set_text(&s->user, user) < 0 ||
		set_text(&s->password, password) < 0)
		return -EINVAL;
	return 1;
}

static int step_login(struct sasl *s, struct slice text)
{
	if (s->user.len == 0)
		return set_text(&s->user, text);
	return set_text(&s->password, text) < 0 ? -EINVAL : 1;
}

int sasl_init(struct sasl *sasl, struct slice mechanism)
{
	*sasl = (struct sasl){
		.user = BUF_INIT(SASL_TEXT_MAX_BYTES),
		.password = BUF_INIT(SASL_TEXT_MAX_BYTES),
	};
	if (slice_eq_str_nocase(mechanism, "PLAIN"))
		sasl->step = step_plain;
	else if (slice_eq_str_nocase(mechanism, "LOGIN"))
		sasl->step = step_login;
	return sasl->step ? 0 : -EOPNOTSUPP;
}

void sasl_release(struct sasl *sasl)
{
	buf_release_secret(&sasl->user);
	buf_release_secret(&sasl->password);
}

const char *sasl_challenge(const struct sasl *sasl)
{
	if (sasl->step == step_plain)
		return "";
	return sasl->user.len == 0 ? ASK_USER : ASK_PASSWORD;
}

int sasl_respond(struct sasl *sasl, struct slice response)
{
	char text[DECODED_MAX_BYTES];

	/* How SMTP writes an answer of no bytes. */
	if (slice_eq_str(response, "="))
		response = SLICE_NONE;
	ssize_t n = base64_decode(response, text, sizeof(text));
	int r = n < 0 ? -EINVAL : sasl->step(sasl, slice_make(text, (size_t)n));
	explicit_bzero(text, sizeof(text));
	return r;
}
