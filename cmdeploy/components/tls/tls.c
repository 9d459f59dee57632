/*
 * A self-signed certificate. Apps remember the key of a relay whose
 * certificate nobody vouches for, so the key is made once and kept; the
 * certificate is made again when what it says changes. Where other software
 * had one before, its key is taken over.
 */
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"
#include "lib/file.h"
#include "lib/proc.h"

enum {
	OPENSSL_SEC = 60,
};

/*
 * It is kept for good, so it must be whole, and without a password: none of
 * the servers could give one.
 */
static int take_key(const char *path, struct buf *out, struct buf *why)
{
	int r = proc_run_ok(
		&(struct proc){
			.argv = LIST("openssl", "pkey", "-passin",
				"pass:", "-in", path),
			.timeout_sec = OPENSSL_SEC,
			.out = out,
		},
		NULL);

	if (r == 0)
		return 0;
	return because(why, r,
		"%s, by whose key apps know this relay, is not a private key "
		"that can be read without a password; bring it back from a "
		"copy, or move it away for a new key, and run this again",
		path);
}

static int create_key(
	const struct apply *apply, struct buf *out, struct buf *why)
{
	const char *legacy =
		template_vars_get(&apply->vars, SLICE("legacy_key_path"));

	if (legacy && legacy[0])
		return take_key(legacy, out, why);
	return proc_run_ok(
		&(struct proc){
			.argv = LIST("openssl", "genpkey", "-algorithm", "EC",
				"-pkeyopt", "ec_paramgen_curve:P-256"),
			.timeout_sec = OPENSSL_SEC,
			.out = out,
		},
		why);
}

static int create_cert(
	const struct apply *apply, struct buf *out, struct buf *why)
{
	const char *key =
		template_vars_get(&apply->vars, SLICE("own_key_path"));
	AUTO_FREE char *request = NULL;
	int r = apply_text(
		apply, "{{own_etc_dir}}/tls/request.cnf", &request, why);

	if (r < 0)
		return r;
	return proc_run_ok(
		&(struct proc){
			.argv = LIST("openssl", "req", "-x509", "-new", "-key",
				key, "-sha256", "-days", "3650", "-config",
				request),
			.timeout_sec = OPENSSL_SEC,
			.out = out,
		},
		why);
}

/*
 * Of somebody else: the servers use a copy, key and chain in one file, which
 * only ever becomes another pair that fits.
 */
static int create_external(
	const struct apply *apply, struct buf *out, struct buf *why)
{
	const char *paths = template_vars_get(
		&apply->vars, SLICE("tls_external_cert_and_key"));
	struct slice rest = slice_of(paths ? paths : ""), word;
	AUTO_FREE char *chain =
		slice_next_word(&rest, &word) ? slice_dup(word) : xstrdup("");
	AUTO_FREE char *key =
		slice_next_word(&rest, &word) ? slice_dup(word) : xstrdup("");

	int r = file_read(key, out, why);

	return r < 0 ? r : file_read(chain, out, why);
}

#define WATCHED "!is_private has_external_cert"

static const struct folder folders[] = {
	{ .path = "{{own_etc_dir}}/tls", .mode = 0755 },
	{ .path = RENEWED, .mode = 0700, .when = "!is_runit" },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{own_etc_dir}}/tls/request.cnf",
		.mode = 0644,
		.from = "tls/request.cnf" },
	{ .path = "{{own_key_path}}", .mode = 0600, .create = create_key },
	{ .path = "{{own_cert_path}}",
		.mode = 0644,
		.create = create_cert,
		.follows = "{{own_etc_dir}}/tls/request.cnf" },
	{ .path = "{{own_etc_dir}}/tls/external.pem",
		.mode = 0600,
		.create = create_external,
		.when = WATCHED },
	/* The authority's client calls it, and who watches another's. */
	{ .path = "{{libexec_dir}}/serve-certificate",
		.mode = 0755,
		.from = "tls/serve-certificate",
		.when = "!is_private" },
	{ .path = "{{libexec_dir}}/watch-certificate",
		.mode = 0755,
		.from = "tls/watch-certificate",
		.when = WATCHED },
	{ 0 },
};

static const struct service services[] = {
	/*
	 * So that what fetches certificates needs no access to systemd. A
	 * pattern matches only what runs: when the first certificate comes,
	 * mailproxy is not there yet.
	 */
	{ .name = "chatmail-renewed",
		.when = "!is_runit !is_private",
		.unit = "chatmail-renewed.path",
		.title = "Have the servers take the relay's new certificate",
		.command = "/bin/systemctl try-reload-or-restart "
			   "mailproxy.* nginx.*{{#turn}} coturn.*{{/turn}}",
		.is_walled = true,
		.unit_lines = TELLS_SYSTEMD NO_MAIL NO_DKIM NO_KEYS NO_NETWORK
		"CapabilityBoundingSet=\n",
		.trigger_title = "Notice a new certificate",
		.trigger_lines = "PathChanged=" RENEWED "\n" },
	/* Somebody else renews it, and says nothing. */
	{ .name = "chatmail-certificate",
		.when = WATCHED,
		.title = "Look at the certificate of somebody else",
		.command = "{{libexec_dir}}/watch-certificate "
			   "{{tls_external_cert_and_key}} "
			   "{{own_etc_dir}}/tls/external.pem "
			   "{{libexec_dir}}/serve-certificate",
		.is_walled = true,
		/* The operator's files may be anybody's, anywhere. */
		.unit_lines =
			"ProtectHome=read-only\n"
			"PrivateTmp=no\n" WRITES("{{own_etc_dir}}/tls " RENEWED)
				NO_MAIL NO_DKIM NO_NETWORK
		"CapabilityBoundingSet=CAP_DAC_READ_SEARCH\n",
		.restart = "always",
		.restart_sec = 2,
		.restart_on = LIST("{{libexec_dir}}/watch-certificate") },
	{ 0 },
};

const struct component component_tls = {
	.name = "tls",
	.packages = LIST("openssl", "ca-certificates"),
	.folders = folders,
	.files = files,
	.services = services,
};
