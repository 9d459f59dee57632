/*
 * What a server's services would be configured with, in every kind of
 * relay, below a temporary root: each template has all of its names, and
 * the programs themselves find nothing wrong with what they are to read.
 * OpenDKIM and unbound, which a relay in a folder goes without, are asked
 * where they are installed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/apply/plan.h"
#include "cmdeploy/components/components.h"
#include "cmdeploy/run/deploy.h"
#include "lib/file.h"
#include "lib/proc.h"

enum {
	CHECK_SEC = 30,
	OUTPUT_MAX_BYTES = 1 << 16,
};

/* OpenDKIM refuses a key below a folder in which others may write: /tmp. */
static char root[] = "/run/server-conf.XXXXXX";

/* A kind of relay, with systemd unless its name begins with "runit": what its
 * chatmail.ini says beyond the defaults. */
static const struct {
	const char *name, *ini;
} kinds[] = {
	{ "authority", "mail_domain = relay.example\n" },
	{ "external",
		"mail_domain = relay.example\n"
		"tls_external_cert_and_key = /etc/hostname /etc/hostname\n" },
	{ "underscore", "mail_domain = _relay.example\n" },
	{ "address", "mail_domain = 192.0.2.7\n" },
	{ "filtered",
		"mail_domain = relay.example\nfilter_incoming = true\n"
		"imap_compress = true\nmetrics = public\n" },
	{ "ipv4",
		"mail_domain = relay.example\ndisable_ipv6 = true\n"
		"mtail_address = 127.0.0.1\nimap_rawlog = true\n"
		"turn = true\nechobot = true\n" },
	{ "runit",
		"mail_domain = relay.example\nmtail_address = 127.0.0.1\n"
		"turn = true\nbackup_to = /srv/backup\n" },
	{ "runit, external",
		"mail_domain = relay.example\nturn = true\n"
		"tls_external_cert_and_key = /etc/hostname /etc/hostname\n" },
};

/* Places that are below the root here. */
static const struct {
	const char *name, *path;
} places[] = {
	{ "etc_dir", "etc" },
	{ "own_etc_dir", "etc/chatmail" },
	{ "unit_dir", "etc/systemd/system" },
	{ "service_dir", "etc/service" },
	{ "run_dir", "run" },
	{ "idle_dir", "run" },
	{ "spool_dir", "spool" },
	{ "state_dir", "lib" },
	{ "own_state_dir", "lib/chatmail" },
	{ "cert_path", "cert.pem" },
	{ "key_path", "key.pem" },
	{ "dkim_key_path", "dkim.pem" },
};

static void set_places(struct relay *relay, bool is_runit)
{
	struct template_vars *vars = &relay->apply.vars;

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", root, places[i].path);
		template_vars_set(vars, places[i].name, path);
	}
	template_vars_set(vars, "has_resolver", "true");
	template_vars_set_bool(vars, "is_runit", is_runit);
	template_vars_set(vars, "acme_key_id", "key");
	template_vars_set(vars, "vmail_uid", "1000");
	template_vars_set(vars, "vmail_gid", "1000");
	relay->apply.is_dry_run = true;
}

static int write_files(const struct plan *plan, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n_files; i++) {
		const struct plan_file *f = &plan->files[i];
		AUTO_FREE char *dir = xstrdup(f->path);
		if (strncmp(f->path, root, strlen(root)) != 0 ||
			(!f->decl->from && !f->starts))
			continue;
		*strrchr(dir, '/') = '\0';
		r = dir_make(dir, 0755, why);
		if (r == 0)
			r = file_write(f->path, buf_slice(&f->content),
				(struct file_owner){ f->owner.mode, -1, -1 },
				why);
	}
	return r;
}

static int run(const char *const *argv, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	int status = 0;
	int r = proc_run(
		&(struct proc){ .argv = argv,
			.timeout_sec = CHECK_SEC,
			.out = &out,
			.env = (const char *const[]){ "LC_ALL=C", NULL } },
		&status, why);

	if (r < 0 || status == 0)
		return r;
	return because(why, -EIO, "%s", buf_str(&out));
}

static int run_text(const char *text, struct buf *why)
{
	AUTO_FREE char *line = xasprintf("R=%s; %s", root, text);

	return run((const char *const[]){ "sh", "-c", line, NULL }, why);
}

/* "warning:" is what Postfix's tools say of a misspelt setting. */
static const struct {
	const char *name, *command;
} checks[] = {
	{ "postfix",
		"out=$(postconf -c $R/etc/postfix -n 2>&1 >/dev/null; "
		"postconf -c $R/etc/postfix -M 2>&1 >/dev/null; "
		"postconf -c $R/etc/postfix -P 2>&1 >/dev/null); "
		"echo \"$out\"; [ -z \"$out\" ]" },
	{ "postfix tables",
		"for t in header-checks delivery-checks login-map "
		"own-transport tls-policy; "
		"do out=$(postmap -c $R/etc/postfix -q x@example "
		"regexp:$R/etc/postfix/$t 2>&1); case $out in "
		"*warning*|*fatal*) "
		"echo \"$out\"; exit 1;; esac; done" },
	{ "dovecot", "doveconf -c $R/etc/dovecot/dovecot.conf >/dev/null" },
	{ "nginx",
		"mkdir -p $R/run/nginx && nginx -t -q -c "
		"$R/etc/nginx/nginx.conf" },
	{ "mailproxy",
		"mkdir -p $R/run/mailproxy $R/lib/chatmail/mailproxy && "
		"cp $R/cert.pem $R/key.pem $R/lib/chatmail/mailproxy && "
		"nginx -t -q -e stderr -c $R/etc/chatmail/mailproxy.conf" },
	{ "acme hook",
		"sh -n $R/etc/acme/hooks/chatmail || "
		"[ ! -e $R/etc/acme/hooks/chatmail ]" },
	{ "opendkim",
		"[ ! -e $R/etc/opendkim.conf ] || ! command -v opendkim || "
		"opendkim -n -x $R/etc/opendkim.conf" },
	{ "run scripts",
		"[ -e $R/etc/systemd ] || for f in $R/etc/service/*/run; do "
		"sh -n $f || exit; done" },
	{ "units",
		"[ -e $R/etc/service ] || "
		"! command -v systemd-analyze >/dev/null || "
		"systemd-analyze verify --man=no "
		"$R/etc/systemd/system/*.service "
		"$R/etc/systemd/system/*.timer 2>&1 | grep $R | "
		"grep -v 'is not executable' | { ! grep .; }" },
};

static int prepare(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (!mkdtemp(root))
		return -errno;
	int r = run_text("cd $R && "
			 "openssl req -x509 -newkey ec -pkeyopt "
			 "ec_paramgen_curve:P-256 -nodes -keyout key.pem -out "
			 "cert.pem -subj /CN=x -days 2 2>&1 && "
			 "openssl genrsa -traditional -out dkim.pem 2048 2>&1",
		&why);
	if (r < 0)
		printf("not ok prepare\n  %s\n", buf_str(&why));
	return r;
}

static int render(const char *ini, bool is_runit, struct buf *why)
{
	__attribute__((cleanup(relay_release))) struct relay relay = { 0 };
	AUTO_FREE char *path = xasprintf("%s/chatmail.ini", root);
	AUTO_FREE char *text = xasprintf("[params]\n%s", ini);
	struct plan *plan;
	int r = file_write(
		path, slice_of(text), (struct file_owner){ 0644, -1, -1 }, why);

	if (r == 0)
		r = run_text("rm -rf $R/etc", why);
	if (r == 0)
		r = deploy_open(path, &relay, why);
	if (r < 0)
		return r;
	set_places(&relay, is_runit);
	r = plan_make(&relay.apply, &plan, why);
	if (r < 0)
		return r;
	r = write_files(plan, why);
	plan_free(plan);
	return r;
}

static bool tell(const char *kind, const char *what, int r, struct buf *why)
{
	printf("%s %s %s\n", r == 0 ? "ok" : "not ok", kind, what);
	if (r != 0)
		printf("  %s\n", buf_str(why));
	return r == 0;
}

static bool test_kind(const char *kind, const char *ini, bool is_runit)
{
	AUTO_BUF struct buf why = BUF_INIT(OUTPUT_MAX_BYTES);
	bool is_good =
		tell(kind, "templates", render(ini, is_runit, &why), &why);

	for (size_t i = 0; is_good && i < ARRAY_LEN(checks); i++) {
		buf_reset(&why);
		int r = run_text(checks[i].command, &why);
		is_good &= tell(kind, checks[i].name, r, &why);
	}
	return is_good;
}

int main(void)
{
	bool is_good = prepare() == 0;

	for (size_t i = 0; is_good && i < ARRAY_LEN(kinds); i++)
		is_good &= test_kind(kinds[i].name, kinds[i].ini,
			strncmp(kinds[i].name, "runit", 5) == 0);
	dir_remove(root);
	return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
