/* shared.c - what METADATA says of the whole server. */
#include "chatmaild/metadata/shared.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <time.h>

#include "lib/file.h"
#include "lib/path.h"
#include "mail/smtp-session.h"

enum {
	VERSIONS_MAX_BYTES = 32768,
	SECRET_MAX_BYTES = 256,
	SERVER_MAX_BYTES = 4096,
	TURN_SEC = 5 * 86400,
	NAME_SEC = 600,
};

#define SERVER "vendor/vendor.dovecot/pvt/server/"
#define VENDOR "vendor/deltachat/"

static int get_admin(const struct shared *s, struct slice user UNUSED,
	struct buf *out, struct buf *why UNUSED)
{
	if (s->config->privacy_mail[0] == '\0')
		return 0;
	buf_addf(out, "mailto:%s", s->config->privacy_mail);
	return 1;
}

static int get_iroh_relay(const struct shared *s, struct slice user UNUSED,
	struct buf *out, struct buf *why UNUSED)
{
	buf_add_str(out, s->config->iroh_relay);
	return out->len > 0;
}

/*
 * When what a user is told now ends. For ten minutes it is the same time,
 * another one for most other users: the time is the name by which the server
 * counts who has how much.
 */
static long long turn_end(const unsigned char *digest)
{
	long long offset = (digest[0] << 8 | digest[1]) % NAME_SEC;
	long long end = (long long)time(NULL) + TURN_SEC;

	return end - (end - offset) % NAME_SEC;
}

/*
 * The password for a name that is the time when it ends, by the secret that
 * the TURN server has, too: base64 of HMAC-SHA1
 * (draft-uberti-rtcweb-turn-rest).
 */
static void add_turn(struct slice server, struct slice secret,
	struct slice user, struct buf *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char password[2 * EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!HMAC(EVP_sha1(), secret.ptr, (int)secret.len,
		    (const unsigned char *)user.ptr, user.len, digest, &len))
		return;
	AUTO_FREE char *name = xasprintf("%lld", turn_end(digest));
	if (!HMAC(EVP_sha1(), secret.ptr, (int)secret.len,
		    (unsigned char *)name, strlen(name), digest, &len))
		return;
	EVP_EncodeBlock(password, digest, (int)len);
	buf_addf(out, "%.*s:%s:%s", SLICE_FMT(server), name, (char *)password);
}

static int get_own_turn(const struct shared *s, struct slice user,
	struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf secret = BUF_INIT(SECRET_MAX_BYTES);
	const char *domain = s->config->mail_domain;
	bool is_v6 = slice_has_char(slice_of(domain), ':');
	AUTO_FREE char *server =
		xasprintf(is_v6 ? "[%s]:3478" : "%s:3478", domain);
	int r = file_read(s->secret_path, &secret, why);

	if (r < 0)
		return r;
	add_turn(slice_of(server), slice_trim(buf_slice(&secret)), user, out);
	buf_release_secret(&secret);
	return out->len > 0;
}

/* "host:port:secret", or with four parts what users are told. */
static void add_others_turn(
	struct slice text, struct slice user, struct buf *out)
{
	struct slice server, secret, host, port;

	if (slice_cut_last(text, ':', &server, &secret) &&
		slice_cut(server, ':', &host, &port) &&
		!slice_has_char(port, ':'))
		add_turn(server, secret, user, out);
	else
		buf_add_slice(out, text);
}

static int get_turn(const struct shared *s, struct slice user, struct buf *out,
	struct buf *why)
{
	struct buf text = BUF_INIT(SERVER_MAX_BYTES);
	int r = file_read(s->server_path, &text, why);

	if (r == -ENOENT)
		r = 0;
	if (text.len == 0)
		buf_add_str(&text, s->config->turn_server);
	if (r == 0 && text.len > 0)
		add_others_turn(buf_slice(&text), user, out);
	else if (r == 0 && s->config->turn)
		r = get_own_turn(s, user, out, why);
	buf_release_secret(&text);
	return r < 0 ? r : out->len > 0;
}

/* What the filter takes, and Postfix by its smtpd_recipient_limit. */
static int get_max_recipients(const struct shared *s UNUSED,
	struct slice user UNUSED, struct buf *out, struct buf *why UNUSED)
{
	buf_addf(out, "%d", SMTP_RECIPIENTS_MAX);
	return 1;
}

static int get_app_versions(const struct shared *s, struct slice user UNUSED,
	struct buf *out, struct buf *why)
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
	int (*get)(const struct shared *s, struct slice user, struct buf *out,
		struct buf *why);
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
	shared->secret_path = path_beside(ini_path, "turn.secret");
	shared->server_path = path_beside(ini_path, "turn_server");
	shared->appversions_path = path_beside(ini_path, "appversions.json");
}

void shared_release(struct shared *shared)
{
	free(shared->appversions_path);
	shared->appversions_path = NULL;
	free(shared->secret_path);
	shared->secret_path = NULL;
	free(shared->server_path);
	shared->server_path = NULL;
}

int shared_lookup(const struct shared *shared, struct slice key,
	struct slice user, struct buf *out, struct buf *why)
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
			return keys[i].get(shared, user, out, why);
	return 0;
}
