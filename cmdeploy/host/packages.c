/* Debian packages and system users of this machine. */
#include "cmdeploy/host/packages.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/words.h"

enum {
	QUICK_SEC = 60,
	APT_SEC = 1800,
	LIST_MAX_BYTES = 16 << 20,
};

#define POLICY_PATH "/usr/sbin/policy-rc.d"
#define POLICY_MARK "# put here by cmdeploy while it installs packages"

static const char *const apt_env[] = {
	"DEBIAN_FRONTEND=noninteractive",
	"LC_ALL=C.UTF-8",
	"NEEDRESTART_SUSPEND=1",
	NULL,
};

static const char policy_text[] =
	"#!/bin/sh\n" POLICY_MARK "\n"
	"# (Left over? It may be deleted.) No service starts meanwhile.\n"
	"exit 101\n";

static bool is_installed(struct slice status)
{
	static const char *const states[] = { "installed", "triggers-pending",
		"triggers-awaited" };

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (slice_eq_str(status, states[i]))
			return true;
	return false;
}

int packages_list(const char *fields, struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(LIST_MAX_BYTES);
	AUTO_FREE char *format = xasprintf("${db:Status-Status} %s\\n", fields);
	const struct proc proc = {
		.argv = PROC_WORDS("dpkg-query", "-W", "-f", format),
		.timeout_sec = QUICK_SEC,
		.out = &text,
	};
	struct slice rest, line, status, what;
	int r = proc_run_ok(&proc, why);

	rest = buf_slice(&text);
	while (r == 0 && slice_next_line(&rest, &line))
		if (slice_cut(line, ' ', &status, &what) &&
			is_installed(status))
			buf_addf(out, "%.*s\n", SLICE_FMT(what));
	return r;
}

/* The names of all installed packages, one a line, with LF around each. */
static int list_installed(struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf names = BUF_INIT(LIST_MAX_BYTES);
	int r = packages_list("${Package}", &names, why);

	if (r == 0)
		buf_addf(out, "\n%s", buf_str(&names));
	return r;
}

static bool has_line(const struct buf *list, const char *name)
{
	AUTO_FREE char *line = xasprintf("\n%s\n", name);

	return memmem(buf_str(list), list->len, line, strlen(line)) != NULL;
}

static bool has_one_of(const struct buf *list, const char *names)
{
	struct slice rest = slice_of(names), name = rest;

	while (slice_cut(rest, '|', &name, &rest)) {
		AUTO_FREE char *one = slice_dup(name);
		if (has_line(list, one))
			return true;
	}
	AUTO_FREE char *last = slice_dup(rest);
	return has_line(list, last);
}

bool packages_is_since(const char *version, const char *since)
{
	return proc_run_ok(
		       &(struct proc){
			       .argv = PROC_WORDS("dpkg", "--compare-versions",
				       version, "ge", since),
			       .timeout_sec = QUICK_SEC,
		       },
		       NULL) == 0;
}

static bool add_installed(const char *name, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(LIST_MAX_BYTES);
	struct slice status, version;

	if (proc_run_ok(
		    &(struct proc){
			    .argv = PROC_WORDS("dpkg-query", "-W", "-f",
				    "${db:Status-Status} ${Version}", name),
			    .timeout_sec = QUICK_SEC,
			    .out = &text,
		    },
		    NULL) < 0 ||
		!slice_cut(buf_slice(&text), ' ', &status, &version) ||
		!is_installed(status))
		return false;
	buf_add_slice(out, version);
	return true;
}

/* "  Candidate: 1:2.4.1+dfsg1-6", or "(none)". */
static bool add_candidate(const char *name, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(LIST_MAX_BYTES);
	struct slice rest, line, key, value;

	if (proc_run_ok(
		    &(struct proc){
			    .argv = PROC_WORDS("apt-cache", "policy", name),
			    .env = apt_env,
			    .timeout_sec = QUICK_SEC,
			    .out = &text,
		    },
		    NULL) < 0)
		return false;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line)) {
		if (!slice_cut(line, ':', &key, &value) ||
			!slice_eq_str(slice_trim(key), "Candidate"))
			continue;
		value = slice_trim(value);
		if (slice_eq_str(value, "(none)"))
			return false;
		buf_add_slice(out, value);
		return true;
	}
	return false;
}

bool packages_version(const char *name, struct buf *out)
{
	return add_installed(name, out) || add_candidate(name, out);
}

int packages_missing(const char *const *names, size_t n, struct buf *missing,
	struct buf *why)
{
	AUTO_BUF struct buf installed = BUF_INIT(LIST_MAX_BYTES);
	int r = list_installed(&installed, why);
	int n_missing = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (has_one_of(&installed, names[i]))
			continue;
		buf_addf(missing, "%s%.*s", missing->len ? " " : "",
			(int)strcspn(names[i], "|"), names[i]);
		n_missing++;
	}
	return n_missing;
}

int packages_of_source(const char *source, struct buf *out, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(LIST_MAX_BYTES);
	struct slice rest, line, of, what;
	int r = packages_list(
		"${source:Package} ${Package} ${Version}", &text, why);

	rest = buf_slice(&text);
	while (r == 0 && slice_next_line(&rest, &line))
		if (slice_cut(line, ' ', &of, &what) &&
			slice_eq_str(of, source))
			buf_addf(out, "%.*s\n", SLICE_FMT(what));
	return r;
}

static void policy_remove(void)
{
	if (file_has_text(POLICY_PATH, POLICY_MARK))
		unlink(POLICY_PATH);
}

static int policy_put(struct buf *why)
{
	policy_remove();
	if (file_exists(POLICY_PATH))
		return 0;
	return file_write(POLICY_PATH,
		slice_make(policy_text, sizeof(policy_text) - 1),
		(struct file_owner){ 0755, 0, 0 }, why);
}

/* Postfix, when it is new, asks how to set itself up: it shall not. */
static int preseed(const struct buf *before, struct buf *why)
{
	if (has_line(before, "postfix"))
		return 0;
	return proc_run_ok(
		&(struct proc){
			.argv = (const char *const[]){ "debconf-set-selections",
				NULL },
			.input = SLICE("postfix postfix/main_mailer_type "
				       "select No configuration\n"),
			.timeout_sec = QUICK_SEC,
		},
		why);
}

/* apt-get or dpkg, which ask nobody. */
static int run_unattended(
	const char *const *argv, const struct proc *listen, struct buf *why)
{
	struct proc proc = *listen;

	proc.argv = argv;
	proc.env = apt_env;
	proc.timeout_sec = APT_SEC;
	return proc_run_ok(&proc, why);
}

/* apt-get can tell where to get them, without a fresh list. */
static bool are_known(const char *names)
{
	AUTO_WORDS struct words w = { 0 };

	words_add_all(&w,
		PROC_WORDS("apt-get", "install", "--simulate", "--quiet",
			"--no-install-recommends"));
	words_add_split(&w, slice_of(names));
	return run_unattended(words_list(&w), &(struct proc){ 0 }, NULL) == 0;
}

static int refresh_lists(const struct proc *listen, struct buf *why)
{
	return run_unattended(PROC_WORDS("apt-get", "update", "--quiet", "-o",
				      "DPkg::Lock::Timeout=120"),
		listen, why);
}

static int run_install(
	const char *names, const struct proc *listen, struct buf *why)
{
	AUTO_WORDS struct words w = { 0 };

	words_add_all(&w,
		PROC_WORDS("apt-get", "install", "--yes", "--quiet",
			"--fix-broken", "--no-install-recommends",
			"--allow-downgrades", "-o", "DPkg::Lock::Timeout=120",
			"-o", "Dpkg::Options::=--force-confold", "-o",
			"Dpkg::Use-Pty=0"));
	words_add_split(&w, slice_of(names));
	return run_unattended(words_list(&w), listen, why);
}

static void run_quietly(const char *const *argv)
{
	/* Not every system has each of these programs. */
	int ignored = proc_run_ok(
		&(struct proc){ .argv = argv, .timeout_sec = QUICK_SEC }, NULL);

	(void)ignored;
}

#define RUN(...) run_quietly((const char *const[]){ __VA_ARGS__, NULL })

/* A file that a new package brought: if it starts something, not by itself. */
static void disable_path(struct slice path)
{
	struct slice dir, name;

	if (!slice_cut_last(path, '/', &dir, &name) || name.len == 0)
		return;
	AUTO_FREE char *unit = slice_dup(name);
	if (slice_ends(dir, SLICE("lib/systemd/system")) &&
		!slice_has_char(name, '@')) {
		RUN("deb-systemd-helper", "disable", unit);
	} else if (slice_eq_str(dir, "/etc/init.d")) {
		RUN("update-rc.d", unit, "defaults-disabled");
		RUN("update-rc.d", unit, "disable");
	}
}

static void disable_services_of(const char *package)
{
	AUTO_BUF struct buf paths = BUF_INIT(LIST_MAX_BYTES);
	struct slice rest, line;
	const struct proc proc = {
		.argv = (const char *const[]){ "dpkg", "-L", package, NULL },
		.timeout_sec = QUICK_SEC,
		.out = &paths,
	};

	if (proc_run_ok(&proc, NULL) < 0)
		return;
	rest = buf_slice(&paths);
	while (slice_next_line(&rest, &line))
		disable_path(line);
}

static int disable_new(const struct buf *before, struct buf *why)
{
	AUTO_BUF struct buf after = BUF_INIT(LIST_MAX_BYTES);
	struct slice rest, line;
	int r = list_installed(&after, why);

	if (r < 0)
		return r;
	rest = slice_from(buf_slice(&after), 1);
	while (slice_next_line(&rest, &line)) {
		AUTO_FREE char *package = slice_dup(line);
		if (!has_line(before, package))
			disable_services_of(package);
	}
	return 0;
}

/* What an installation that was cut short has left half done. */
static int finish_others(const struct proc *listen, struct buf *why)
{
	return run_unattended(PROC_WORDS("dpkg", "--force-confold",
				      "--configure", "--pending"),
		listen, why);
}

/* `before` gets the names of what was there. */
static int add(const char *names, const struct proc *listen, struct buf *before,
	struct buf *why)
{
	int r = list_installed(before, why);

	if (r < 0)
		return r;
	r = policy_put(why);
	if (r == 0)
		r = preseed(before, why);
	if (r == 0)
		r = finish_others(listen, why);
	if (r == 0 && !are_known(names))
		r = refresh_lists(listen, why);
	if (r == 0)
		r = run_install(names, listen, why);
	policy_remove();
	return r;
}

void packages_clean_up(void)
{
	policy_remove();
}

int packages_add(const char *names, const struct proc *listen, struct buf *why)
{
	AUTO_BUF struct buf before = BUF_INIT(LIST_MAX_BYTES);

	return add(names, listen, &before, why);
}

int packages_install(
	const char *names, const struct proc *listen, struct buf *why)
{
	AUTO_BUF struct buf before = BUF_INIT(LIST_MAX_BYTES);
	int r = add(names, listen, &before, why);

	if (before.len == 0)
		return r;
	AUTO_BUF struct buf later = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r2 = disable_new(&before, &later);
	if (r == 0 && r2 < 0)
		return because(why, r2, "%s", buf_str(&later));
	return r;
}

int user_create(const char *name, const char *home, struct buf *why)
{
	return proc_run_ok(
		&(struct proc){
			.argv = (const char *const[]){ "useradd", "--system",
				"--user-group", "--no-create-home",
				"--home-dir", home ? home : "/nonexistent",
				"--shell", "/usr/sbin/nologin", name, NULL },
			.timeout_sec = QUICK_SEC,
		},
		why);
}
