/* Calls: a TURN server, for phones that cannot reach each other. */
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"
#include "lib/file.h"
#include "lib/random.h"

enum {
	SECRET_CHARS = 40,
};

#define ASKED       .when = "turn"
#define SECRET_PATH "{{own_etc_dir}}/turn.secret"
#define BASE_PATH   "{{own_etc_dir}}/turn.base"

static int create_secret(const struct apply *apply UNUSED, struct buf *out,
	struct buf *why UNUSED)
{
	random_add_text(out, "abcdefghijkmnpqrstuvwxyz23456789", SECRET_CHARS);
	return 0;
}

static int add_file(const struct apply *apply, const char *template,
	struct buf *out, struct buf *why)
{
	AUTO_FREE char *path = NULL;
	int r = apply_text(apply, template, &path, why);

	return r < 0 ? r : file_read(path, out, why);
}

/* coturn has one file, and the secret must not be on its command line. */
static int create_conf(
	const struct apply *apply, struct buf *out, struct buf *why)
{
	int r = add_file(apply, BASE_PATH, out, why);

	buf_add_str(out, "static-auth-secret=");
	if (r == 0)
		r = add_file(apply, SECRET_PATH, out, why);
	buf_add_char(out, '\n');
	return r;
}

static const struct file files[] = {
	/* chatmail-metadata makes passwords of it. */
	{ .path = SECRET_PATH,
		.mode = 0640,
		.group = "vmail",
		.create = create_secret,
		ASKED },
	{ .path = BASE_PATH, .mode = 0644, .from = "turn/turn.conf", ASKED },
	{ .path = "{{etc_dir}}/turnserver.conf",
		.mode = 0640,
		.group = "turnserver",
		.create = create_conf,
		.follows = BASE_PATH,
		ASKED },
	{ 0 },
};

static const struct port ports[] = {
	{ .address = "{{listen_address}}",
		.port = "3478",
		.probe = PROBE_OPEN,
		.label = "calls (TURN)" },
	{ .address = "{{listen_address}}",
		.port = "5349",
		.probe = PROBE_TLS,
		.label = "calls (TURN), TLS" },
	{ 0 },
};

static const struct service services[] = {
	{ .name = "coturn",
		ASKED,
		.command = "/usr/bin/turnserver -c {{etc_dir}}/turnserver.conf",
		.user = "turnserver",
		/* The key is root's. */
		.run_lines = "install -m 0600 -o turnserver {{key_path}} "
			     "{{own_etc_dir}}/turn.key\n",
		.is_walled = true,
		.unit_lines =
			"ExecStart=\n"
			"ExecStart=/bin/bash -c \"exec "
			"/usr/bin/turnserver "
			"-c {{etc_dir}}/turnserver.conf --pidfile= "
			"> >(exec {{libexec_dir}}/chatmail-log) 2>&1\"\n"
			"LoadCredential=key:{{key_path}}\n"
			"LoadCredential=cert:{{cert_path}}\n" NO_MAIL NO_DKIM
				NO_KEYS INTERNET "CapabilityBoundingSet=\n",
		.n_files = 65536,
		.restart = "on-failure",
		.restart_on = LIST(BASE_PATH, "{{own_etc_dir}}/tls/"),
		.ports = ports },
	{ 0 },
};

const struct component component_turn = {
	.name = "turn",
	.when = "turn",
	.packages = LIST("coturn"),
	.files = files,
	.services = services,
};
