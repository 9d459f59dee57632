/* What templates of pages may name, as text that is safe on a page. */
#include "cmdeploy/site/values.h"

#include <inttypes.h>
#include <string.h>

#include "chatmaild/common/invite.h"
#include "cmdeploy/site/qr.h"
#include "lib/num.h"

enum {
	VALUE_MAX_BYTES = 1 << 16,
	LINK_MAX_BYTES = 2048,
	KILO = 1024,
	TENTHS = 10,
};

void values_add_bytes(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KB", "MB", "GB", "TB" };
	uint64_t unit = 1;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && bytes / unit >= KILO) {
		unit *= KILO;
		i++;
	}
	uint64_t tenths = bytes % unit * TENTHS / unit;
	buf_addf(out, "%" PRIu64, bytes / unit);
	if (tenths > 0)
		buf_addf(out, ".%" PRIu64, tenths);
	buf_addf(out, " %s", units[i]);
}

void values_add_count(struct buf *out, uint64_t n, const char *unit)
{
	buf_addf(out, "%" PRIu64 " %s%s", n, unit, n == 1 ? "" : "s");
}

void values_add_text(struct buf *out, struct slice text)
{
	static const char special[] = "&<>\"'\\`*_[]~|#";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\n')
			buf_add_str(out, "<br>");
		else if (c != '\0' && strchr(special, c))
			buf_addf(out, "&#%d;", c);
		else
			buf_add_char(out, c);
	}
}

/* A variable of a relay; never NULL. */
static const char *get(const struct template_vars *relay, const char *name)
{
	const char *value = template_vars_get(relay, slice_of(name));

	return value ? value : "";
}

static uint64_t get_number(const struct template_vars *relay, const char *name)
{
	uint64_t n = 0;

	return num_parse_max(slice_of(get(relay, name)), UINT64_MAX, &n) < 0
		? 0
		: n;
}

enum kind {
	KIND_NAME, /* as it is: names of hosts, "true" or "" */
	KIND_TEXT,
	KIND_BYTES,
	KIND_COUNT,
};

static const struct value {
	const char *name;
	enum kind kind;
	const char *unit;
} values[] = {
	{ "mail_domain", KIND_NAME, NULL },
	{ "address_domain", KIND_NAME, NULL },
	{ "is_ip_literal", KIND_NAME, NULL },
	{ "self_signed", KIND_NAME, NULL },
	{ "filter_incoming", KIND_NAME, NULL },
	{ "echobot", KIND_NAME, NULL },
	{ "max_user_send_per_minute", KIND_COUNT, "message" },
	{ "max_mailbox_size", KIND_BYTES, NULL },
	{ "max_message_size", KIND_BYTES, NULL },
	{ "delete_mails_after", KIND_COUNT, "day" },
	{ "delete_large_after", KIND_COUNT, "day" },
	{ "delete_inactive_users_after", KIND_COUNT, "day" },
	{ "password_min_length", KIND_COUNT, "character" },
	{ "privacy_postal", KIND_TEXT, NULL },
	{ "privacy_mail", KIND_TEXT, NULL },
	{ "privacy_pdo", KIND_TEXT, NULL },
	{ "privacy_supervisor", KIND_TEXT, NULL },
};

static void add_value(const struct template_vars *relay, const struct value *v,
	struct buf *out)
{
	switch (v->kind) {
	case KIND_NAME:
		buf_add_str(out, get(relay, v->name));
		break;
	case KIND_TEXT:
		values_add_text(out, slice_of(get(relay, v->name)));
		break;
	case KIND_BYTES:
		values_add_bytes(out, get_number(relay, v->name));
		break;
	case KIND_COUNT:
		values_add_count(out, get_number(relay, v->name), v->unit);
		break;
	}
}

/* "9 characters", "5 to 12 characters" */
static void add_name_length(const struct template_vars *relay, struct buf *out)
{
	uint64_t least = get_number(relay, "username_min_length");
	uint64_t most = get_number(relay, "username_max_length");

	if (least != most)
		buf_addf(out, "%lu to ", least);
	values_add_count(out, most, "character");
}

bool site_invitation(const struct template_vars *relay, struct buf *out)
{
	const struct config config = {
		.mail_domain = (char *)get(relay, "mail_domain"),
		.address_domain = (char *)get(relay, "address_domain"),
		.is_self_signed = get(relay, "self_signed")[0] != '\0',
	};

	if (invite_is_personal(&config))
		return false;
	invite_add_dcaccount(&config, out);
	return true;
}

static void set(struct template_vars *out, const char *name, struct buf *value)
{
	template_vars_set(out, name, buf_str(value));
	buf_reset(value);
}

static int set_invitation(const struct template_vars *relay, bool has_logo,
	struct template_vars *out, struct buf *why)
{
	AUTO_BUF struct buf link = BUF_INIT(LINK_MAX_BYTES);
	AUTO_BUF struct buf text = BUF_INIT(VALUE_MAX_BYTES);
	bool is_for_all = site_invitation(relay, &link);
	int r = is_for_all ? qr_add_svg(buf_str(&link), has_logo, &text) : 0;

	if (r < 0)
		return because(why, r, "no QR code for %s: %s", buf_str(&link),
			strerror(-r));
	set(out, "invite_qr", &text);
	values_add_text(&text, buf_slice(&link));
	set(out, "invite_link", &text);
	template_vars_set_bool(out, "has_personal_invite", !is_for_all);
	if (is_for_all)
		buf_addf(&text, "qr-chatmail-invite-%s.png",
			get(relay, "mail_domain"));
	set(out, "invite_png", &text);
	return 0;
}

int site_values_set(const struct template_vars *relay, bool has_logo,
	struct template_vars *out, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(VALUE_MAX_BYTES);

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		add_value(relay, &values[i], &text);
		set(out, values[i].name, &text);
	}
	add_name_length(relay, &text);
	set(out, "username_length", &text);
	site_missing_privacy(relay, &text);
	template_vars_set_bool(out, "lacks_privacy", text.len > 0);
	return set_invitation(relay, has_logo, out, why);
}

void site_missing_privacy(const struct template_vars *relay, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (values[i].kind == KIND_TEXT &&
			!get(relay, values[i].name)[0])
			buf_addf(out, "%s%s", out->len ? ", " : "",
				values[i].name);
}
