/* Finds, checks and fetches the certificate of a server. */
#include "cmdeploy/certificate/certificate.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cmdeploy/certificate/acme.h"
#include "cmdeploy/certificate/x509.h"
#include "cmdeploy/dns/check.h"
#include "cmdeploy/embed.h"
#include "cmdeploy/host/fetch.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "lib/json.h"
#include "lib/path.h"
#include "lib/words.h"

enum {
	FETCH_SEC = 30,
	ACMETOOL_SEC = 300,
	KEY_MAX_BYTES = 65536,
	WISH_MAX_BYTES = 65536,
	DIRECTORY_MAX_BYTES = 1 << 20,
	LOG_MAX_BYTES = 1 << 20,
};

#define ACME_LIVE   "/var/lib/acme/live"
#define ACME_KEYS   "/var/lib/acme/keys"
#define ACME_WISHES "/var/lib/acme/desired"

enum certificate_kind certificate_kind(const struct relay *relay)
{
	const struct config *config = &relay->config;

	if (!relay->is_server)
		return CERTIFICATE_SELF_SIGNED;
	if (config->tls_external_cert_and_key.n == 2)
		return CERTIFICATE_EXTERNAL;
	return config->is_self_signed ? CERTIFICATE_SELF_SIGNED
				      : CERTIFICATE_ACME;
}

static bool has_acme(const struct relay *relay)
{
	return certificate_kind(relay) == CERTIFICATE_ACME;
}

static char *live_path(const struct relay *relay, const char *name)
{
	return xasprintf(ACME_LIVE "/%s/%s", relay->config.mail_domain, name);
}

bool certificate_is_there(const struct relay *relay)
{
	AUTO_FREE char *cert = live_path(relay, "fullchain");
	AUTO_FREE char *key = live_path(relay, "privkey");

	return file_exists(cert) && file_exists(key);
}

/* Beside our own one: components/tls has it taken over. */
static char *external_path(const struct relay *relay)
{
	struct slice dir = path_folder(relay->places.own_cert_path);

	return xasprintf("%.*s/external.pem", SLICE_FMT(dir));
}

void certificate_find(
	const struct relay *relay, char **ret_cert, char **ret_key)
{
	if (certificate_kind(relay) == CERTIFICATE_EXTERNAL) {
		*ret_cert = external_path(relay);
		*ret_key = external_path(relay);
	} else if (has_acme(relay) && certificate_is_there(relay)) {
		*ret_cert = live_path(relay, "fullchain");
		*ret_key = live_path(relay, "privkey");
	} else {
		*ret_cert = xstrdup(relay->places.own_cert_path);
		*ret_key = xstrdup(relay->places.own_key_path);
	}
}

bool certificate_has_name(const struct relay *relay, const char *name)
{
	AUTO_FREE char *cert = live_path(relay, "fullchain");
	struct x509_facts facts;

	return x509_read_file(cert, name, &facts, NULL) == 0 &&
		facts.is_for_name;
}

int certificate_check_external(
	const struct relay *relay, const char *settings_name, struct buf *why)
{
	const struct text_list *paths =
		&relay->config.tls_external_cert_and_key;
	unsigned char key_digest[X509_DIGEST_BYTES];
	struct x509_facts facts;

	if (paths->n != 2)
		return 0;
	const char *cert = paths->items[0], *key = paths->items[1];
	for (size_t i = 0; i < paths->n; i++)
		if (!file_exists(paths->items[i]))
			return because(why, -ENOENT,
				"%s, named by tls_external_cert_and_key in %s, "
				"is not there",
				paths->items[i], settings_name);
	if (x509_read_file(cert, relay->config.mail_domain, &facts, NULL) < 0)
		return because(why, -EINVAL, "%s: not a certificate", cert);
	if (x509_read_key(key, key_digest, NULL, NULL) < 0)
		return because(why, -EINVAL, "%s: not a private key", key);
	if (memcmp(facts.key_digest, key_digest, X509_DIGEST_BYTES) != 0)
		return because(why, -EINVAL,
			"the certificate %s is not for the key %s", cert, key);
	if (facts.left_sec <= 0)
		return because(why, -EINVAL, "%s has expired", cert);
	return 0;
}

/* acmetool's name for the key; and the key itself, unless `key` is NULL. */
static int add_key_id(const struct relay *relay, struct buf *out,
	struct buf *key, struct buf *why)
{
	unsigned char digest[X509_DIGEST_BYTES];
	int r = x509_read_key(relay->places.own_key_path, digest, key, why);

	if (r == 0)
		acme_add_key_name(out, slice_make(digest, sizeof(digest)));
	return r;
}

/* Of ".../keys/ID/privkey", to which acmetool links. */
static char *id_of_live_key(const struct relay *relay)
{
	AUTO_FREE char *link = live_path(relay, "privkey");
	AUTO_FREE char *path = realpath(link, NULL);
	struct slice dir, id;

	if (!path || !slice_cut_last(slice_of(path), '/', &dir, &id) ||
		!slice_cut_last(dir, '/', &dir, &id) ||
		!slice_ends(dir, SLICE("/keys")))
		return NULL;
	return slice_dup(id);
}

static char *find_key_id(const struct relay *relay)
{
	AUTO_BUF struct buf id = BUF_INIT(BUF_WHY_MAX_BYTES);
	char *live = has_acme(relay) ? id_of_live_key(relay) : NULL;

	if (live || !has_acme(relay) ||
		!file_exists(relay->places.own_key_path) ||
		add_key_id(relay, &id, NULL, NULL) < 0)
		return live ? live : xstrdup("");
	AUTO_FREE char *there =
		xasprintf(ACME_KEYS "/%s/privkey", buf_str(&id));
	return xstrdup(file_exists(there) ? buf_str(&id) : "");
}

bool certificate_look(struct relay *relay)
{
	AUTO_FREE char *cert = NULL, *key = NULL;
	AUTO_FREE char *key_id = find_key_id(relay);
	bool is_changed = false;

	certificate_find(relay, &cert, &key);
	is_changed |= relay_change(relay, "cert_path", cert);
	is_changed |= relay_change(relay, "key_path", key);
	is_changed |= relay_change(relay, "acme_key_id", key_id);
	return is_changed;
}

int certificate_bring_key(const struct relay *relay, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf key =
		BUF_INIT(KEY_MAX_BYTES);
	AUTO_BUF struct buf id = BUF_INIT(BUF_WHY_MAX_BYTES);

	AUTO_FREE char *there = find_key_id(relay);

	if (there[0])
		return 0;
	/* It reads none but the old form. */
	int r = add_key_id(relay, &id, &key, why);
	if (r < 0)
		return r;
	AUTO_FREE char *dir = xasprintf(ACME_KEYS "/%s", buf_str(&id));
	AUTO_FREE char *path = xasprintf("%s/privkey", dir);
	r = dir_make(ACME_KEYS, 0700, why);
	if (r == 0)
		r = dir_make(dir, 0700, why);
	return r < 0 ? r
		     : file_write(path, buf_slice(&key),
			       (struct file_owner){ 0600, 0, 0 }, why);
}

/* Those of others for names of ours; `ours` is the text of our own. */
static void find_wishes(
	const struct relay *relay, struct slice ours, struct words *out)
{
	AUTO_FREE char *others = xasprintf("%s-", relay->config.mail_domain);
	DIR *dir = opendir(ACME_WISHES);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		AUTO_BUF struct buf text = BUF_INIT(WISH_MAX_BYTES);
		AUTO_FREE char *path =
			xasprintf(ACME_WISHES "/%s", entry->d_name);
		if (slice_starts(slice_of(entry->d_name), slice_of(others)) &&
			file_read(path, &text, NULL) == 0 &&
			acme_wish_is_within(buf_slice(&text), ours))
			words_add(out, path);
	}
	if (dir)
		closedir(dir);
}

static bool drop_wish(const char *path)
{
	bool is_gone = unlink(path) == 0;
	AUTO_FREE char *note = is_gone
		? xasprintf("removed %s, which asked for a certificate of our "
			    "names with another key",
			  path)
		: xasprintf("%s asks for a certificate of our names with "
			    "another key, and cannot be removed: %s",
			  path, strerror(errno));

	say_note(note);
	return is_gone;
}

static char *wish_path(const struct relay *relay)
{
	return xasprintf(ACME_WISHES "/%s", relay->config.mail_domain);
}

size_t certificate_drop_wishes(const struct relay *relay)
{
	AUTO_WORDS struct words others = { 0 };
	AUTO_BUF struct buf ours = BUF_INIT(WISH_MAX_BYTES);
	AUTO_FREE char *path = wish_path(relay);
	size_t n = 0;

	AUTO_FREE char *key_id = find_key_id(relay);

	if (!key_id[0] || !file_has_text(path, EMBED_RENDERED) ||
		file_read(path, &ours, NULL) < 0)
		return 0;
	find_wishes(relay, buf_slice(&ours), &others);
	for (size_t i = 0; i < others.n; i++)
		n += drop_wish(others.v[i]);
	return n;
}

void certificate_list_wishes(
	const struct relay *relay, const struct plan *plan, struct buf *out)
{
	AUTO_WORDS struct words others = { 0 };
	AUTO_FREE char *path = wish_path(relay);
	const struct plan_file *ours = plan_find(plan, path);

	if (ours)
		find_wishes(relay, buf_slice(&ours->content), &others);
	for (size_t i = 0; i < others.n; i++)
		buf_addf(out, "remove file %s\n", others.v[i]);
}

/* acmetool's answers to the authority's questions. */
static int write_responses(const struct relay *relay, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(KEY_MAX_BYTES);
	AUTO_BUF struct buf directory = BUF_INIT(DIRECTORY_MAX_BYTES);
	AUTO_BUF struct buf terms = BUF_INIT(KEY_MAX_BYTES);
	const char *url = relay->config.acme_directory;
	int r = fetch(url, FETCH_SEC, &directory, why);

	if (r == 0)
		r = acme_find_terms(buf_slice(&directory), url, &terms, why);
	if (r < 0)
		return r;
	AUTO_FREE char *agreement =
		xasprintf("acme-agreement:%s", buf_str(&terms));
	buf_add_str(&text, "\"acme-enter-email\": ");
	json_add_string(&text, slice_of(relay->config.acme_email));
	buf_add_char(&text, '\n');
	if (terms.len > 0) {
		json_add_string(&text, slice_of(agreement));
		buf_add_str(&text, ": true\n");
	}
	return file_write("/var/lib/acme/conf/responses", buf_slice(&text),
		(struct file_owner){ 0644, 0, 0 }, why);
}

static int run_acmetool(struct buf *log, struct buf *why)
{
	return proc_run_ok(
		&(struct proc){
			.argv = (const char *const[]){ "acmetool", "--batch",
				"--xlog.severity=info", "reconcile", NULL },
			.timeout_sec = ACMETOOL_SEC,
			.err = log,
			.is_unwanted = signals_unwanted,
		},
		why);
}

int certificate_fetch(const struct relay *relay, struct buf *why)
{
	AUTO_BUF struct buf log = BUF_INIT(LOG_MAX_BYTES);
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *path =
		xasprintf("%s/acmetool.log", relay->places.log_dir);
	const char *domain = relay->config.mail_domain;
	int r = write_responses(relay, &reason);

	if (r < 0)
		return because(why, r, "no certificate: %s", buf_str(&reason));
	r = run_acmetool(&log, &reason);
	acme_find_detail(&log, &reason);
	int ignored = file_write(
		path, buf_slice(&log), (struct file_owner){ 0644, 0, 0 }, NULL);
	(void)ignored;
	if (r == 0 && certificate_is_there(relay))
		return 0;
	if (signals_told_to_stop())
		return -EINTR;
	return because(why, r < 0 ? r : -EIO,
		"no certificate from %s: %s (all of it is in %s); see that %s, "
		"www.%s and mta-sts.%s point to this machine and that port 80 "
		"is open to the world, and run this again",
		relay->config.acme_directory, buf_str(&reason), path, domain,
		domain, domain);
}

#define AUTOCONFIG "autoconfig"

bool autoconfig_set(struct relay *relay, bool value)
{
	return relay_change(relay, "has_autoconfig", value ? "true" : "");
}

static bool lists_name(struct slice text, const char *domain)
{
	AUTO_FREE char *name = xasprintf("- " AUTOCONFIG ".%s", domain);
	struct slice line;

	while (slice_next_line(&text, &line))
		if (slice_eq_str(slice_trim(line), name))
			return true;
	return false;
}

void autoconfig_recall(struct relay *relay)
{
	const char *domain = relay->config.mail_domain;
	AUTO_FREE char *path = wish_path(relay);
	AUTO_BUF struct buf text = BUF_INIT(WISH_MAX_BYTES);

	template_vars_set_bool(&relay->apply.vars, "has_autoconfig",
		file_read(path, &text, NULL) == 0 &&
			lists_name(buf_slice(&text), domain));
}

int autoconfig_points_here(const struct relay *relay)
{
	if (!has_acme(relay) || !certificate_is_there(relay))
		return -ENOENT;
	return dns_alias_points_here(
		&host_local, &relay->config, AUTOCONFIG, NULL);
}

bool autoconfig_is_certified(const struct relay *relay)
{
	AUTO_FREE char *name =
		xasprintf(AUTOCONFIG ".%s", relay->config.mail_domain);

	return certificate_has_name(relay, name);
}
