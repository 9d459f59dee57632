/*
 * The steps of `cmdeploy run` for another machine. Each of them finds out
 * what there is to do, so that a run which was cut is simply repeated.
 */
#include <errno.h>
#include <libgen.h>

#include "cmdeploy/dns/check.h"
#include "cmdeploy/host/ssh.h"
#include "cmdeploy/host/temp.h"
#include "cmdeploy/remote/package.h"
#include "cmdeploy/remote/payload.h"
#include "cmdeploy/remote/remote.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/check.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/signals.h"
#include "cmdeploy/site/source.h"
#include "lib/file.h"

enum {
	FACT_MAX_BYTES = 4096,
	FILE_MAX_BYTES = 1 << 16,
	SCRIPT_SEC = 2 * 3600,
	DRY_RUN_SEC = 300,
	KB_PER_GB = 1 << 20,
	FLAGS_MAX = 4,
};

#define HOST_INI   "/etc/chatmail/chatmail.ini"
#define INI_OPTION "--ini=" HOST_INI

/* One run, from its settings to its end. */
struct run {
	const struct remote_options *options;
	struct config config;
	char *dir;      /* private, for what is made to be shipped */
	char *www_path; /* the operator's own pages, or NULL */
	struct ssh_host ssh;
	char *called; /* "NAME=value" for the cmdeploy there */
	char *plain;
	char *settings_name;
	char *news; /* of the package, for the same */
	struct package package;
	struct payload payload;
};

/* A fact that there must be, as a string. */
static int add_fact(const struct run *run, const char *name, struct buf *out,
	struct buf *why)
{
	buf_reset(out);
	return host_fact(&run->ssh.host, name, out, why);
}

static double gigabytes(const struct run *run, const char *name)
{
	return (double)host_number(&run->ssh.host, name) / KB_PER_GB;
}

static int step_connect(struct run *run, struct buf *why)
{
	AUTO_BUF struct buf os_name = BUF_INIT(FACT_MAX_BYTES);
	AUTO_BUF struct buf arch = BUF_INIT(FACT_MAX_BYTES);

	say_step("connect");
	int r = ssh_connect(&run->ssh, why);
	if (r == 0)
		r = add_fact(run, "os_name", &os_name, why);
	if (r == 0)
		r = add_fact(run, "debian_arch", &arch, why);
	if (r == 0)
		say_done("%s, %s, %.1f GB memory, %.1f GB free",
			buf_str(&os_name), buf_str(&arch),
			gigabytes(run, "memory_kb"), gigabytes(run, "disk_kb"));
	return r;
}

/* Before anything is brought there. */
static int step_check(struct run *run, struct buf *why)
{
	const struct config *config = &run->config;

	say_step("check");
	int r = server_check_host(&run->ssh.host, config, why);
	if (r < 0)
		return r;
	if (server_is_relay(&run->ssh.host, config))
		say_done("it is the relay %s", config->mail_domain);
	else
		say_done("nothing is in the way");
	return 0;
}

/* The DNS of a server that is the relay already is not checked again. */
static int step_dns(struct run *run, struct buf *why)
{
	if (run->options->skips_dns ||
		server_is_relay(&run->ssh.host, &run->config))
		return 0;
	return dns_step(&run->ssh.host, &run->config, why);
}

static int step_package(struct run *run, struct buf *why)
{
	say_step("package");
	int r = package_make(&run->ssh.host, run->dir, &run->package, why);
	if (r < 0)
		return r;
	run->payload = (struct payload){
		.ini_path = run->options->ini_path,
		.www_path = run->www_path,
		.package = &run->package,
	};
	r = payload_compare(&run->payload, &run->ssh.host, why);
	if (r == 0)
		say_done("chatmail %s, %s", run->package.version,
			!run->payload.has_package  ? "there already"
				: run->package.deb ? "made here"
						   : "to be built there");
	return r;
}

static int step_ship(struct run *run, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(FACT_MAX_BYTES);

	if (payload_is_empty(&run->payload))
		return 0;
	say_step("ship");
	int r = payload_send(&run->payload, &run->ssh, run->dir, why);
	payload_describe(&run->payload, &text);
	if (r == 0)
		say_done("%s", buf_str(&text));
	return r;
}

static void on_line(struct slice line, void *owner)
{
	const struct run *run = owner;

	line = slice_trim(line);
	if (line.len > 0 && run->options->is_verbose)
		say_detail(line);
	else if (line.len > 0)
		say_progress(line);
}

/* A script that takes a while and tells about itself. */
static int run_script(struct run *run, const char *name,
	const char *const *args, struct buf *why)
{
	return ssh_script(&run->ssh,
		PROC_WORDS("remote/alone.sh", "remote/quietly.sh", name), args,
		&(struct proc){
			.timeout_sec = SCRIPT_SEC,
			.on_line = on_line,
			.owner = run,
		},
		why);
}

static int step_build(struct run *run, struct buf *why)
{
	if (!run->payload.has_package || run->package.deb)
		return 0;
	say_step("build");
	int r = run_script(
		run, "remote/build.sh", PROC_WORDS(run->package.version), why);
	if (r == 0)
		say_done("chatmail %s", run->package.version);
	return r;
}

static bool has_fact(const struct run *run, const char *name, const char *value)
{
	AUTO_BUF struct buf is = BUF_INIT(FACT_MAX_BYTES);

	return add_fact(run, name, &is, NULL) == 0 &&
		slice_eq_str(buf_slice(&is), value);
}

/* The facts are those of before. */
static void tell_installed(struct run *run)
{
	AUTO_BUF struct buf before = BUF_INIT(FACT_MAX_BYTES);
	const char *version = run->package.version;

	if (add_fact(run, "package", &before, NULL) < 0 || before.len == 0 ||
		slice_eq_str(buf_slice(&before), version)) {
		say_done("chatmail %s", version);
		return;
	}
	say_done("chatmail %s, in place of %s", version, buf_str(&before));
	free(run->news);
	run->news = xasprintf(
		SERVER_ENV_PACKAGE "=from %s to %s", buf_str(&before), version);
}

/* Also when an earlier run was cut before it could clean up. */
static int step_install(struct run *run, struct buf *why)
{
	bool is_broken = has_fact(run, "dpkg", "broken");

	if (!run->payload.has_package && !is_broken &&
		has_fact(run, "cache", "none"))
		return 0;
	say_step("install");
	int r = run_script(run, "remote/install.sh",
		PROC_WORDS(
			is_broken ? "broken" : "whole", run->package.version),
		why);
	if (r == 0)
		tell_installed(run);
	return r;
}

/* The options that the cmdeploy of the host gets, too; ended by NULL. */
static void add_flags(const struct remote_options *o, const char **out)
{
	if (o->is_disable_mail)
		*out++ = "--disable-mail";
	if (o->is_website_only)
		*out++ = "--website-only";
	if (o->is_verbose)
		*out++ = "-v";
	*out = NULL;
}

/* It may be secret. */
static int send_file(
	struct run *run, const char *from, const char *to, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf text =
		BUF_INIT(FILE_MAX_BYTES);
	AUTO_BUF struct buf said = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (!file_exists(from))
		return 0;
	int r = file_read(from, &text, why);
	if (r < 0)
		return r;
	return host_run(&run->ssh.host,
		&(struct proc){
			.argv = PROC_WORDS(
				"install", "-m", "600", "/dev/stdin", to),
			.input = buf_slice(&text),
			.timeout_sec = DRY_RUN_SEC,
			.err = &said,
		},
		why);
}

static int step_files(struct run *run, struct buf *why)
{
	const char *const *at = run->options->files;
	int r = 0;

	for (; r == 0 && at && *at; at += 2)
		r = send_file(run, at[0], at[1], why);
	return r;
}

/* What the host says of itself goes to the person as it comes. */
static int run_there(struct run *run, struct buf *why)
{
	const char *argv[6 + FLAGS_MAX] = { "cmdeploy", "run", "--ssh-host",
		"@local", INI_OPTION, "--skip-dns-check" };
	const char *const *command = run->options->command;

	add_flags(run->options, argv + 6);
	return ssh_attach(&run->ssh, command ? command : argv,
		PROC_WORDS(
			run->called, run->plain, run->settings_name, run->news),
		why);
}

static void print_line(struct slice line, void *owner UNUSED)
{
	say("%.*s", SLICE_FMT(line));
}

static int show_changes(struct run *run, struct buf *why)
{
	AUTO_BUF struct buf archive = BUF_INIT(256 << 20);
	const char *flags[FLAGS_MAX];

	if (run->payload.has_package && !run->package.deb) {
		say("build and install the package chatmail %s",
			run->package.version);
		return 0;
	}
	int r = payload_pack(&run->payload, run->dir, &archive, why);
	if (r < 0)
		return r;
	add_flags(run->options, flags);
	return ssh_script(&run->ssh, PROC_WORDS("remote/dry-run.sh"), flags,
		&(struct proc){
			.env = PROC_WORDS(
				run->called, run->plain, run->settings_name),
			.input = buf_slice(&archive),
			.timeout_sec = DRY_RUN_SEC,
			.on_line = print_line,
		},
		why);
}

/* Each in its turn, until one fails or somebody says stop. */
static int (*const steps[])(struct run *run, struct buf *why) = {
	step_connect,
	step_check,
	step_dns,
	step_package,
	step_ship,
	step_build,
	step_install,
	step_files,
	run_there,
};

static int (*const dry_steps[])(struct run *run, struct buf *why) = {
	step_connect,
	step_check,
	step_dns,
	step_package,
	show_changes,
};

static int carry_out(struct run *run, struct buf *why)
{
	bool is_dry = run->options->is_dry_run;
	size_t n = is_dry ? ARRAY_LEN(dry_steps) : ARRAY_LEN(steps);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = is_dry ? dry_steps[i](run, why) : steps[i](run, why);
		if (signals_told_to_stop())
			r = -EINTR;
	}
	return r;
}

static void release(struct run *run)
{
	ssh_close(&run->ssh);
	free(run->called);
	free(run->plain);
	free(run->settings_name);
	free(run->news);
	package_release(&run->package);
	config_release(&run->config);
	temp_remove(run->dir);
	free(run->www_path);
}

/* A copy of our own pages need not be shipped: the package has them. */
static int find_www(struct run *run, struct buf *why)
{
	AUTO_FREE char *src = NULL;
	int r = site_source_find(
		run->options->ini_path, run->config.www_folder, &src, why);

	/* It is the folder above that is shipped. */
	if (r == 0 && src && !site_source_is_ours(src))
		run->www_path = xstrdup(dirname(src));
	return r;
}

static int read_settings(struct run *run, struct buf *why)
{
	const char *path = run->options->ini_path;

	if (!file_exists(path) && file_exists(SERVER_INI))
		return because(why, -ENOENT,
			"%s is not there; on the server itself, it is \"%s run "
			"--ssh-host @local\"",
			path, say_program());
	if (!file_exists(path))
		return because(why, -ENOENT,
			"%s is not there; write it with \"%s init DOMAIN\", or "
			"name another file by --ini",
			path, say_program());
	int r = config_load(path, &run->config, say_settings_note, NULL, why);
	if (r == 0)
		r = find_www(run, why);
	return r < 0 ? r : temp_make(&run->dir, why);
}

/* The settings first: what is wrong there needs no host to be seen. */
static int open_and_carry_out(struct run *run, struct buf *why)
{
	const struct remote_options *o = run->options;
	const char *domain;
	int r = read_settings(run, why);

	if (r < 0)
		return r;
	domain = run->config.mail_domain;
	r = ssh_open(o->ssh_host ? o->ssh_host : domain, &run->ssh, why);
	if (r < 0)
		return r;
	run->ssh.is_unwanted = signals_unwanted;
	say_bold("A relay for %s on %s", domain, run->ssh.target.where);
	return carry_out(run, why);
}

int remote_end(int r, const struct buf *why)
{
	if (r == -EINTR) {
		say_interrupted();
		say("Run it again; it continues where it stopped.");
	} else if (r < 0) {
		say_error("%s", buf_str(why));
	}
	return r < 0 ? EXIT_FAILURE : r;
}

int remote_run(const struct remote_options *options)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *no_color = getenv("NO_COLOR");
	__attribute__((cleanup(release))) struct run run = {
		.options = options,
		.called = xasprintf("CMDEPLOY_CALLED=%s", say_program()),
		.plain = xasprintf("NO_COLOR=%s", no_color ? no_color : ""),
		.settings_name =
			xasprintf(SERVER_ENV_SETTINGS "=%s", options->ini_path),
	};

	signals_hold();
	int r = open_and_carry_out(&run, &why);
	return remote_end(r, &why);
}
