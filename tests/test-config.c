/* Unit tests of chatmaild/common/config.h. */
#include <errno.h>

#include "chatmaild/common/config.h"
#include "tests/test.h"

static const struct {
	const char *domain;
	bool is_valid;
	bool is_ip;
	bool is_self_signed;
	const char *address_domain;
} domains[] = {
	{ "example.org", true, false, false, "example.org" },
	{ "_c.test", true, false, true, "_c.test" },
	{ "localhost", true, false, false, "localhost" },
	{ "1.2.3.4", true, true, true, "[1.2.3.4]" },
	{ "fd00::1", true, true, true, "[IPv6:fd00::1]" },
	{ "1.2.3", false, 0, 0, NULL },
	{ "1.2.3.256", false, 0, 0, NULL },
	{ "Example.org", false, 0, 0, NULL },
	{ "example..org", false, 0, 0, NULL },
	{ ".example", false, 0, 0, NULL },
	{ "example.", false, 0, 0, NULL },
	{ "-a.org", false, 0, 0, NULL },
	{ "a b", false, 0, 0, NULL },
	{ "a/b", false, 0, 0, NULL },
	{ "../etc", false, 0, 0, NULL },
	{ "", false, 0, 0, NULL },
	{ "a234567890123456789012345678901234567890123456789012345678901234.b",
		false, 0, 0, NULL },
};

static void test_domains(void)
{
	for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
		AUTO_FREE char *text = xasprintf(
			"[params]\nmail_domain = %s\n", domains[i].domain);
		AUTO_BUF struct buf why = BUF_INIT(1000);
		struct config config;
		int r = config_parse(
			slice_of(text), "x", &config, NULL, NULL, &why);

		check_int(domains[i].domain, r,
			domains[i].is_valid ? 0 : -EINVAL);
		if (r < 0)
			continue;
		check_int(domains[i].domain, config.is_ip_literal,
			domains[i].is_ip);
		check_int(domains[i].domain, config.is_self_signed,
			domains[i].is_self_signed);
		check_str(domains[i].domain, config.address_domain,
			domains[i].address_domain);
		config_release(&config);
	}
}

/* Whoever has no bit for a value sees none. */
static void test_readers(void)
{
	AUTO_BUF struct buf why = BUF_INIT(1000);
	struct config config = { 0 };

	check_int("parsed",
		config_parse(SLICE("[params]\nmail_domain = a.org\n"
				   "filter_incoming = yes\n"
				   "passthrough_senders = a@a.org\n"),
			"x", &config, NULL, NULL, &why),
		0);
	config_keep(&config, READ_FILTER_OUTGOING);
	check_str("its text", config.mail_domain, "a.org");
	check_int("its number", config.max_user_send_per_minute, 60);
	check("the other filter's flag", !config.filter_incoming);
	check_int("its list", config.passthrough_senders.n, 1);
	check("another's text", !config.notification_url);
	check("nobody's text", !config.acme_directory);
	check_int("another's number", config.delete_mails_after, 0);
	check_str("derived", config.address_domain, "a.org");
	config_keep(&config, READ_EXPIRE);
	check("flag", !config.filter_incoming);
	check("list", !config.passthrough_senders.items);
	config_release(&config);
}

static void test_defaults(void)
{
	AUTO_BUF struct buf why = BUF_INIT(1000);
	struct config config = { 0 };

	check_int("parsed",
		config_parse(SLICE("[params]\nmail_domain = a.org\n"), "x",
			&config, NULL, NULL, &why),
		0);
	check_int("mailbox", config.max_mailbox_size, 500 << 20);
	check_int("message", config.max_message_size, 31457280);
	check_int("names", config.username_min_length, 9);
	check_str("folder", config.mailboxes_dir, "/home/vmail/mail/a.org");
	config_release(&config);
	config_release(&config);
}

/* As files of other software for relays have them. */
static const struct {
	const char *text;
	size_t offset;
	uint64_t want;
} numbers[] = {
#define OF(member) offsetof(struct config, member)
	{ "max_mailbox_size = 500", OF(max_mailbox_size), 500 << 20 },
	{ "max_mailbox_size = 100MB", OF(max_mailbox_size), 100 << 20 },
	{ "max_mailbox_size = 524288000", OF(max_mailbox_size), 500 << 20 },
	{ "max_message_size = 31457280", OF(max_message_size), 31457280 },
	{ "max_message_size = 100000", OF(max_message_size), 100000 },
	{ "min_available_memory = 200", OF(min_available_memory), 200 << 20 },
	{ "min_available_memory = 1", OF(min_available_memory), 1 << 20 },
	{ "min_available_memory = 0", OF(min_available_memory), 0 },
	{ "min_available_memory = 200M", OF(min_available_memory), 200 << 20 },
	{ "min_free_disk_space = 1000", OF(min_free_disk_space), 1000 << 20 },
	{ "min_free_disk_space = 1GB", OF(min_free_disk_space), 1 << 30 },
	{ "max_load_1m = 4.5", OF(max_load_1m), 450 },
	{ "max_load_1m = 7", OF(max_load_1m), 700 },
	{ "turn_socket_path = /run/chatmail-turn/turn.socket", OF(max_load_1m),
		0 },
#undef OF
};

static void test_numbers(void)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		AUTO_FREE char *text = xasprintf(
			"[params]\nmail_domain = a.org\n%s\n", numbers[i].text);
		AUTO_BUF struct buf why = BUF_INIT(1000);
		struct config config = { 0 };
		int r = config_parse(
			slice_of(text), "x", &config, NULL, NULL, &why);

		check_str(numbers[i].text, buf_str(&why), "");
		if (r < 0)
			continue;
		const void *at = (char *)&config + numbers[i].offset;
		check_int(numbers[i].text, *(const uint64_t *)at,
			numbers[i].want);
		config_release(&config);
	}
}

static const struct {
	const char *text;
	const char *why;
} refused[] = {
	{ "username_min_length = 10",
		"x: username_min_length 10 is more than username_max_length "
		"9; lower one or raise the other" },
	{ "max_message_size = 1G",
		"x: max_message_size is more than max_mailbox_size; lower one "
		"or raise the other" },
	{ "tls_external_cert_and_key = /a",
		"x: tls_external_cert_and_key names one path; give two, of "
		"the certificate chain and of its key" },
	{ "metrics = open",
		"x: line 3: metrics: \"open\" cannot be used; give private or "
		"public" },
	{ "passthrough_recipients = a@b @c d",
		"x: line 3: passthrough_recipients: \"a@b @c d\" cannot be "
		"used; give mail addresses, or @domain for all of a domain" },
	{ "username_max_length = 70000",
		"x: line 3: username_max_length: \"70000\" cannot be used; "
		"give a whole number of characters from 1 to 64" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		AUTO_FREE char *text = xasprintf(
			"[params]\nmail_domain = a.org\n%s\n", refused[i].text);
		AUTO_BUF struct buf why = BUF_INIT(1000);
		struct config config;

		check_int(refused[i].text,
			config_parse(
				slice_of(text), "x", &config, NULL, NULL, &why),
			-EINVAL);
		check_str(refused[i].text, buf_str(&why), refused[i].why);
	}
}

static void test_own_file(void)
{
	static const char *const given[] = { "mail_domain", "a.org", NULL };
	AUTO_BUF struct buf text = BUF_INIT(100000);
	AUTO_BUF struct buf why = BUF_INIT(1000);
	struct config config = { 0 };

	settings_write_ini(&config_settings, given, &text);
	check_int("as written",
		config_parse(buf_slice(&text), "x", &config, NULL, NULL, &why),
		0);
	config_release(&config);

	/* The same with every default uncommented: all of them will do. */
	for (char *at = text.ptr; (at = strstr(at, "\n#")); at++)
		if (ascii_is_alpha(at[2]))
			at[1] = '\n';
	check_int("defaults spelt out",
		config_parse(buf_slice(&text), "x", &config, NULL, NULL, &why),
		0);
	check_str("defaults spelt out", buf_str(&why), "");
	config_release(&config);
}

static const struct {
	const char *option;
	const char *why; /* NULL: it is taken */
} overrides[] = {
	{ "mailboxes_dir=/srv/mail", NULL },
	{ "mailboxes_dir=mail",
		"mailboxes_dir=mail: the value cannot be used; give an "
		"absolute path, or nothing" },
	{ "mailbox_dir=/srv/mail",
		"mailbox_dir=/srv/mail: there is no such key" },
	{ "mailboxes_dir", "mailboxes_dir: give KEY=VALUE" },
};

static void test_overrides(void)
{
	static const struct slice text = SLICE(
		"[params]\nmail_domain = a.org\nmailboxes_dir = /elsewhere\n");

	for (size_t i = 0; i < ARRAY_LEN(overrides); i++) {
		const char *name = overrides[i].option;
		AUTO_BUF struct buf why = BUF_INIT(1000);
		struct config config;

		check_int(name,
			config_read(text, "x", &config, NULL, NULL, NULL), 0);
		int r = config_override(&config, name, &why);
		if (r == 0)
			r = config_finish(&config, "x", &why);
		check_int(name, r, overrides[i].why ? -EINVAL : 0);
		check_str(name, buf_str(&why),
			overrides[i].why ? overrides[i].why : "");
		if (r == 0)
			check_str(name, config.mailboxes_dir, "/srv/mail");
		config_release(&config);
	}
}

static void test_override_options(void)
{
	char *argv[] = { (char *)"x", (char *)"-o", (char *)"a=1", (char *)"y",
		(char *)"-o", (char *)"b=2", (char *)"--z", NULL };
	int argc = (int)ARRAY_LEN(argv) - 1;
	struct config_overrides all;

	config_take_overrides(&argc, argv, &all);
	check_int("arguments left", argc, 3);
	check_str("the first left", argv[1], "y");
	check_str("the second left", argv[2], "--z");
	check_int("overrides", (int)all.n, 2);
	check_str("the first", all.v[0], "a=1");
	check_str("the second", all.v[1], "b=2");
}

int main(void)
{
	test_domains();
	test_overrides();
	test_override_options();
	test_readers();
	test_defaults();
	test_numbers();
	test_refused();
	test_own_file();
	return test_end();
}
