/* Unit tests of mail/auth/sasl.h. */
#include "mail/auth/sasl.h"

#include <errno.h>

#include "tests/test.h"

static const struct {
	const char *name, *mechanism;
	const char *answers[3];
	int want; /* of the last one */
	struct slice user, password;
} cases[] = {
	{ "plain", "PLAIN", { "AGEAYg==" }, 1, SLICE("a"), SLICE("b") },
	{ "lower case", "plain", { "AGEAYg==" }, 1, SLICE("a"), SLICE("b") },
	{ "as oneself", "PLAIN", { "YQBhAGI=" }, 1, SLICE("a"), SLICE("b") },
	{ "as somebody else", "PLAIN", { "YwBhAGI=" }, -EINVAL, SLICE_NONE,
		SLICE_NONE },
	{ "no NUL", "PLAIN", { "YWI=" }, -EINVAL, SLICE_NONE, SLICE_NONE },
	{ "one NUL", "PLAIN", { "AGFi" }, -EINVAL, SLICE_NONE, SLICE_NONE },
	{ "no user", "PLAIN", { "AABi" }, -EINVAL, SLICE_NONE, SLICE_NONE },
	{ "no password", "PLAIN", { "AGEA" }, -EINVAL, SLICE("a"), SLICE_NONE },
	{ "NUL in it", "PLAIN", { "AGEAYgBj" }, -EINVAL, SLICE("a"),
		SLICE_NONE },
	{ "every byte", "PLAIN", { "AGEA/+8+PwE=" }, 1, SLICE("a"),
		SLICE("\xff\xef>?\x01") },
	{ "empty", "PLAIN", { "" }, -EINVAL, SLICE_NONE, SLICE_NONE },
	{ "empty, as SMTP has it", "PLAIN", { "=" }, -EINVAL, SLICE_NONE,
		SLICE_NONE },
	{ "no base64", "PLAIN", { "AGE*Yg==" }, -EINVAL, SLICE_NONE,
		SLICE_NONE },
	{ "cut off", "PLAIN", { "AGEAY" }, -EINVAL, SLICE_NONE, SLICE_NONE },
	{ "padded too much", "PLAIN", { "AGEAY===" }, -EINVAL, SLICE_NONE,
		SLICE_NONE },
	{ "padded inside", "PLAIN", { "AGE=AGI=" }, -EINVAL, SLICE_NONE,
		SLICE_NONE },
	{ "login", "LOGIN", { "YQ==", "Yg==" }, 1, SLICE("a"), SLICE("b") },
	{ "login, a name alone", "LOGIN", { "YQ==" }, 0, SLICE("a"),
		SLICE_NONE },
	{ "login, no name", "LOGIN", { "" }, -EINVAL, SLICE_NONE, SLICE_NONE },
	{ "login, no password", "LOGIN", { "YQ==", "" }, -EINVAL, SLICE("a"),
		SLICE_NONE },
};

static void check_case(size_t i)
{
	struct sasl sasl;
	int r = 0;

	check_int(cases[i].name, sasl_init(&sasl, slice_of(cases[i].mechanism)),
		0);
	for (size_t k = 0; r == 0 && cases[i].answers[k]; k++)
		r = sasl_respond(&sasl, slice_of(cases[i].answers[k]));
	check_int(cases[i].name, r, cases[i].want);
	check_slice(cases[i].name, buf_slice(&sasl.user), cases[i].user);
	check_slice(
		cases[i].name, buf_slice(&sasl.password), cases[i].password);
	sasl_release(&sasl);
}

static void test_too_long(void)
{
	AUTO_BUF struct buf answer = BUF_INIT(4 * SASL_TEXT_MAX_BYTES);
	struct sasl sasl;

	check_int("init", sasl_init(&sasl, SLICE("LOGIN")), 0);
	while (answer.len <= SASL_TEXT_MAX_BYTES * 4 / 3)
		buf_add_str(&answer, "YWFh");
	check_int("too long", sasl_respond(&sasl, buf_slice(&answer)), -EINVAL);
	sasl_release(&sasl);
}

static void test_others(void)
{
	struct sasl sasl;

	check_int("unknown", sasl_init(&sasl, SLICE("CRAM-MD5")), -EOPNOTSUPP);
	check_int("empty", sasl_init(&sasl, SLICE("")), -EOPNOTSUPP);
	check_int("plain", sasl_init(&sasl, SLICE("PLAIN")), 0);
	check_str("challenge", sasl_challenge(&sasl), "");
	check_int("login", sasl_init(&sasl, SLICE("LOGIN")), 0);
	check_str("challenge", sasl_challenge(&sasl), "VXNlcm5hbWU6");
	check_int("name", sasl_respond(&sasl, SLICE("YQ==")), 0);
	check_str("challenge", sasl_challenge(&sasl), "UGFzc3dvcmQ6");
	sasl_release(&sasl);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_case(i);
	test_too_long();
	test_others();
	return test_end();
}
