/* shared.c - what METADATA says of the whole server. */
#include "chatmaild/metadata/shared.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "lib/file.h"
#include "lib/path.h"
#include "mail/smtp-session.h"

enum {
	VERSIONS_MAX_BYTES = 32768,
};

#define SERVER "vendor/vendor.dovecot/pvt/server/"
#define VENDOR "vendor/deltachat/"

static int get_admin(
	const struct shared *s, struct buf *out, struct buf *why UNUSED)
{
	if (s->config->privacy_mail[0] == '\0')
		return 0;
	buf_addf(out, "mailto:%s", s->config->privacy_mail);
	return 1;
}

static int get_iroh_relay(
	const struct shared *s, struct buf *out, struct buf *why UNUSED)
{
	buf_add_str(out, s->config->iroh_relay);
	return out->len > 0;
}

static int get_turn(
	const struct shared *s, struct buf *out, struct buf *why UNUSED)
{
	buf_add_str(out, s->config->turn_server);
	return out->len > 0;
}

/* What the filter takes, and Postfix by its smtpd_recipient_limit. */
static int get_max_recipients(
	const struct shared *s UNUSED, struct buf *out, struct buf *why UNUSED)
{
	buf_addf(out, "%d", SMTP_RECIPIENTS_MAX);
	return 1;
}

static int get_app_versions(
	const struct shared *s, struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(VERSIONS_MAX_BYTES);
	int r = file_read(s->appversions_path, &text, why);

	if (r == -ENOENT || r == -EFBIG)
		return 0;
	if (r < 0)
		return r;
	json_t *root =
		json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	char *line = json_is_object(root)
		? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII)
		: NULL;
	if (line)
		buf_add_str(out, line);
	free(line);
	json_decref(root);
	return out->len > 0 && buf_ok(out);
}

static const struct {
	const char *name;
	int (*get)(const struct shared *s, struct buf *out, struct buf *why);
} keys[] = {
	{ "admin", get_admin },
	{ VENDOR "irohrelay", get_iroh_relay },
	{ VENDOR "turn", get_turn },
	{ VENDOR "maxsmtprecipients", get_max_recipients },
	{ VENDOR "appversions", get_app_versions },
};

void shared_init(struct shared *shared, const struct config *config,
	const char *ini_path)
{
	shared->config = config;
	shared->appversions_path = path_beside(ini_path, "appversions.json");
}

void shared_release(struct shared *shared)
{
	free(shared->appversions_path);
	shared->appversions_path = NULL;
}

int shared_lookup(const struct shared *shared, struct slice key,
	struct buf *out, struct buf *why)
{
	struct slice none, name;

	/* shared/<id of the mailbox>/... */
	if (!slice_cut(key, '/', &none, &name) ||
		!slice_cut(name, '/', &none, &name) ||
		!slice_starts(name, SLICE(SERVER)))
		return 0;
	name = slice_from(name, sizeof(SERVER) - 1);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_eq_str(name, keys[i].name))
			return keys[i].get(shared, out, why);
	return 0;
}
