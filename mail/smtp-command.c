/* Parses the command lines of SMTP (smtp-command.h). */
#include "mail/smtp-command.h"

#include "lib/num.h"
#include "mail/address.h"

struct parameter {
	const char *name;
	bool (*is_valid)(struct slice value, struct smtp_mail *mail);
};

static bool is_size(struct slice value, struct smtp_mail *mail)
{
	mail->has_size = true;
	return num_parse_u64(value, &mail->size) == 0;
}

static bool is_body(struct slice value, struct smtp_mail *mail UNUSED)
{
	return slice_eq_str_nocase(value, "7BIT") ||
		slice_eq_str_nocase(value, "8BITMIME");
}

static bool is_empty(struct slice value, struct smtp_mail *mail UNUSED)
{
	return value.len == 0;
}

/* The reinjecting side, which knows the extension, looks closer. */
static bool is_something(struct slice value, struct smtp_mail *mail UNUSED)
{
	return value.len > 0;
}

static const struct parameter mail_parameters[] = {
	{ "SIZE", is_size },
	{ "BODY", is_body },
	{ "SMTPUTF8", is_empty },
	{ "AUTH", is_something },
	{ "RET", is_something },
	{ "ENVID", is_something },
	{ NULL, NULL },
};

static const struct parameter rcpt_parameters[] = {
	{ "NOTIFY", is_something },
	{ "ORCPT", is_something },
	{ NULL, NULL },
};

static const char *check_parameter(const struct parameter *table,
	struct slice word, struct smtp_mail *mail)
{
	struct slice name = word;
	struct slice value = SLICE_NONE;

	slice_cut(word, '=', &name, &value);
	for (const struct parameter *p = table; p->name; p++) {
		if (!slice_eq_str_nocase(name, p->name))
			continue;
		return p->is_valid(value, mail)
			? NULL
			: "501 5.5.4 Bad value of a parameter";
	}
	return "555 5.5.4 Unsupported parameter";
}

static const char *check_parameters(const struct parameter *table,
	struct slice params, struct smtp_mail *mail)
{
	struct slice word;

	while (slice_next_word(&params, &word)) {
		const char *reply = check_parameter(table, word, mail);
		if (reply)
			return reply;
	}
	return NULL;
}

static bool skip_prefix(struct slice *s, struct slice prefix)
{
	if (!slice_starts_nocase(*s, prefix))
		return false;
	*s = slice_from(*s, prefix.len);
	return true;
}

const char *smtp_parse_mail(struct slice arg, struct smtp_mail *ret_mail)
{
	struct smtp_mail mail = { 0 };
	struct slice params;

	if (!skip_prefix(&arg, SLICE("FROM:")))
		return "501 5.5.4 Syntax: MAIL FROM:<address>";
	if (address_parse_path(arg, &mail.sender, &params) < 0 ||
		mail.sender.len > SMTP_PATH_MAX_BYTES)
		return "501 5.1.7 Bad sender address syntax";
	const char *reply = check_parameters(mail_parameters, params, &mail);
	if (!reply)
		*ret_mail = mail;
	return reply;
}

const char *smtp_parse_rcpt(struct slice arg, struct slice *ret_recipient)
{
	struct slice path, params;

	if (!skip_prefix(&arg, SLICE("TO:")))
		return "501 5.5.4 Syntax: RCPT TO:<address>";
	if (address_parse_path(arg, &path, &params) < 0 || path.len == 0 ||
		path.len > SMTP_PATH_MAX_BYTES)
		return "501 5.1.3 Bad recipient address syntax";
	const char *reply = check_parameters(rcpt_parameters, params, NULL);
	if (!reply)
		*ret_recipient = path;
	return reply;
}

static bool is_xforward_name(struct slice name)
{
	struct slice names = SLICE(SMTP_XFORWARD_NAMES);
	struct slice known;

	while (slice_next_word(&names, &known))
		if (slice_eq_nocase(name, known))
			return true;
	return false;
}

const char *smtp_parse_xforward(struct slice arg)
{
	struct slice word, name, value;
	size_t n = 0;

	for (; slice_next_word(&arg, &word); n++)
		if (!slice_cut(word, '=', &name, &value) ||
			!is_xforward_name(name) || value.len == 0)
			return "501 5.5.4 Bad XFORWARD attribute";
	return n ? NULL : "501 5.5.4 Syntax: XFORWARD attribute=value...";
}

void smtp_split_command(
	struct slice line, struct slice *ret_verb, struct slice *ret_arg)
{
	struct slice verb = slice_trim(line);
	struct slice arg = SLICE_NONE;

	slice_cut(verb, ' ', &verb, &arg);
	*ret_verb = verb;
	*ret_arg = slice_trim(arg);
}
