/* Unit tests of chatmaild/common/policy.h. */
#include "chatmaild/common/policy.h"

#include "tests/test.h"

#define OUT POLICY_OUTGOING
#define IN  POLICY_INCOMING

static const char filtering[] =
	"[params]\nmail_domain = x.test\nfilter_incoming = true\n"
	"passthrough_senders = open@x.test\n"
	"passthrough_recipients = help@y.test @z.test\n";
static const char plain[] =
	"[params]\nmail_domain = x.test\nfilter_incoming = false\n";

/* e: encrypted, s: SecureJoin, b: bounce, a: setup message to oneself, p: a
 * preamble, ^: control byte, c: none of them */
struct row {
	const char *name;
	const char *ini;
	enum policy_direction direction;
	char kind;
	const char *sender, *from, *demanding, *reason, *reply;
};

static const struct row rows[] = {
	{ "encrypted", plain, OUT, 'e', "a@x.test", "a@x.test", "b@y.test",
		NULL, "" },
	{ "securejoin", plain, OUT, 's', "a@x.test", "a@x.test", "b@y.test",
		NULL, "" },
	{ "case of From", plain, OUT, 'e', "a@x.test", "A@X.Test", "b@y.test",
		NULL, "" },
	{ "other From", plain, OUT, 'e', "a@x.test", "b@x.test", "", "from",
		"500 Invalid FROM <b@x.test> for <a@x.test>\r\n" },
	{ "no From", plain, OUT, 'e', "a@x.test", "", "b@y.test", "from",
		"500 Invalid FROM <> for <a@x.test>\r\n" },
	{ "no sender", plain, OUT, 'e', "", "", "b@y.test", "from",
		"500 Invalid FROM <> for <>\r\n" },
	{ "cleartext to an open one", plain, OUT, 'c', "a@x.test", "a@x.test",
		"", NULL, "" },
	{ "cleartext out", plain, OUT, 'c', "a@x.test", "a@x.test", "b@y.test",
		"unencrypted",
		"523 Encryption Needed: Invalid Unencrypted Mail to "
		"<b@y.test>\r\n" },
	{ "a bounce does not leave", plain, OUT, 'b', "a@x.test", "a@x.test",
		"b@y.test", "unencrypted",
		"523 Encryption Needed: Invalid Unencrypted Mail to "
		"<b@y.test>\r\n" },
	{ "From before encryption", plain, OUT, 'c', "a@x.test", "c@x.test",
		"b@y.test", "from",
		"500 Invalid FROM <c@x.test> for <a@x.test>\r\n" },
	{ "passthrough sender", filtering, OUT, 'c', "Open@x.test",
		"open@x.test", "b@y.test", NULL, "" },
	{ "what is wrong", plain, OUT, 'p', "a@x.test", "a@x.test", "b@y.test",
		"preamble",
		"523 Encryption Needed: Invalid Unencrypted Mail to "
		"<b@y.test>: text before the first part\r\n" },
	{ "setup message to oneself", plain, OUT, 'a', "a@x.test", "a@x.test",
		"a@x.test", NULL, "" },
	{ "control byte", plain, OUT, '^', "a@x.test", "a@x.test", "",
		"control",
		"554 5.6.0 Message refused: control byte in a header "
		"field\r\n" },
	{ "in, encrypted", filtering, IN, 'e', "b@y.test", "b@y.test",
		"a@x.test", NULL, "" },
	{ "in, securejoin", filtering, IN, 's', "b@y.test", "b@y.test",
		"a@x.test", NULL, "" },
	{ "in, bounce", filtering, IN, 'b', "", "mailer-daemon@y.test",
		"a@x.test", NULL, "" },
	{ "in, From is not looked at", filtering, IN, 'e', "b@y.test",
		"c@y.test", "a@x.test", NULL, "" },
	{ "in, cleartext", filtering, IN, 'c', "b@y.test", "b@y.test",
		"a@x.test", "unencrypted",
		"523 Encryption Needed: Invalid Unencrypted Mail to "
		"<a@x.test>\r\n" },
	{ "in, not filtering", plain, IN, 'c', "b@y.test", "b@y.test",
		"a@x.test", NULL, "" },
	{ "in, who demands it", plain, IN, 'd', "b@y.test", "b@y.test",
		"a@x.test", "unencrypted",
		"523 Encryption Needed: Invalid Unencrypted Mail to "
		"<a@x.test>\r\n" },
};

static void parse(const char *ini, struct config *ret_config)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	int r = config_parse(
		slice_of(ini), "test", ret_config, NULL, NULL, &why);
	check_str("config", buf_str(&why), "");
	check_int("config", r, 0);
}

static void test_judge(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		AUTO_BUF struct buf reply = BUF_INIT(1000);
		struct config config;
		parse(row->ini, &config);
		struct policy_message m = {
			.sender = slice_of(row->sender),
			.demanding_recipient = slice_of(row->demanding),
			.from = slice_of(row->from),
			.fault = row->kind == 'e'  ? REASON_NONE
				: row->kind == 'p' ? REASON_PREAMBLE
						   : REASON_CLEARTEXT,
			.is_to_self = row->kind == 'a',
			.is_setup = row->kind == 'a',
			.has_control = row->kind == '^',
			.is_securejoin = row->kind == 's',
			.is_bounce = row->kind == 'b',
			.is_demanded = row->kind == 'd',
		};
		const char *reason = reason_word(
			policy_judge(&config, row->direction, &m, &reply));
		check_str(row->name, reason ? reason : "passes",
			row->reason ? row->reason : "passes");
		check_str(row->name, buf_str(&reply), row->reply);
		config_release(&config);
	}
}

static const struct {
	const char *recipient;
	bool want;
} cleartext[] = {
	{ "a@x.test", false },
	{ "b@y.test", false },
	{ "help@y.test", true },
	{ "Help@Y.Test", true },
	{ "help@y.test.evil.test", false },
	{ "anybody@z.test", true },
	{ "b%y.test@z.test", false },
	{ "y.test!b@z.test", false },
	{ "b@y.test@z.test", false },
	{ "b", false },
	{ "", false },
};

static void test_cleartext(void)
{
	struct config config;

	parse(filtering, &config);
	for (size_t i = 0; i < ARRAY_LEN(cleartext); i++)
		check_int(cleartext[i].recipient,
			policy_takes_cleartext(
				&config, slice_of(cleartext[i].recipient)),
			cleartext[i].want);
	config_release(&config);
}

static const struct {
	const char *recipient;
	bool want;
} recipients[] = {
	{ "a@x.test", true },
	{ "a@[127.0.0.1]", true },
	{ "a@[IPv6:::1]", true },
	{ "a", false },
	{ "a@b@c", false },
	{ "@x.test", false },
	{ "a@", false },
};

static void test_recipients(void)
{
	for (size_t i = 0; i < ARRAY_LEN(recipients); i++) {
		AUTO_BUF struct buf reply = BUF_INIT(1000);
		AUTO_BUF struct buf want = BUF_INIT(1000);
		enum reason reason = policy_judge_recipient(
			slice_of(recipients[i].recipient), &reply);
		check_int(recipients[i].recipient, !reason, recipients[i].want);
		if (!recipients[i].want)
			buf_addf(&want, "500 Invalid address <%s>\r\n",
				recipients[i].recipient);
		check_slice(recipients[i].recipient, buf_slice(&reply),
			buf_slice(&want));
	}
}

static void test_rate_reply(void)
{
	AUTO_BUF struct buf reply = BUF_INIT(1000);

	policy_reply_rate(SLICE("a@x.test"), &reply);
	check_str("rate", buf_str(&reply),
		"450 4.7.1: Too much mail from <a@x.test>\r\n");
}

int main(void)
{
	test_judge();
	test_cleartext();
	test_recipients();
	test_rate_reply();
	return test_end();
}
