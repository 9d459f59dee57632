#include "cmdeploy/testrun/needs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmdeploy/host/packages.h"
#include "lib/file.h"
#include "lib/proc.h"

#define CORE_VERSION "2.62.0"
/* The last that is content with the Node.js of Debian 12. */
#define PLAYWRIGHT_VERSION "1.61.1"
#define AXE_VERSION        "4.14.1"

enum {
	INSTALL_SEC = 900,
	OUTPUT_MAX_BYTES = 1 << 20,
};

static const char *core_package(void)
{
	struct utsname host;

	if (uname(&host) == 0 && !strcmp(host.machine, "aarch64"))
		return "@deltachat/stdio-rpc-server-linux-arm64";
	return "@deltachat/stdio-rpc-server-linux-x64";
}

char *core_path(const char *build)
{
	return xasprintf("%s/rpc-server/node_modules/%s/deltachat-rpc-server",
		build, core_package());
}

char *browser_modules_path(const char *build)
{
	return xasprintf("%s/browser/node_modules", build);
}

char *cmdeploy_path(const char *build)
{
	const char *other = getenv("CMDEPLOY");

	return other ? xstrdup(other)
		     : xasprintf("%s/cmdeploy/cmdeploy", build);
}

static void say(const char *what)
{
	printf("     %s\n", what);
	fflush(stdout);
}

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	struct slice rest = slice_of(path ? path : "/usr/bin:/bin");
	struct slice dir;

	for (bool is_last = false; !is_last;) {
		is_last = !slice_cut(rest, ':', &dir, &rest);
		if (is_last)
			dir = rest;
		AUTO_FREE char *file =
			xasprintf("%.*s/%s", SLICE_FMT(dir), program);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static int run_quiet(const char *const *argv, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	AUTO_BUF struct buf err = BUF_INIT(OUTPUT_MAX_BYTES);
	struct proc proc = {
		.argv = argv,
		.timeout_sec = INSTALL_SEC,
		.out = &out,
		.err = &err,
	};
	int r = proc_run_ok(&proc, why);

	if (r < 0)
		printf("%s%s", buf_str(&out), buf_str(&err));
	return r;
}

/* A service that comes along is not started: tests have their own. */
static int install(const char *package, struct buf *why)
{
	printf("     installing %s (Debian package)\n", package);
	fflush(stdout);
	return packages_install(&host_local, package, &(struct proc){ 0 }, why);
}

static bool is_installed(const char *package)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	const char *const argv[] = { "dpkg-query", "-W", "-f",
		"${db:Status-Status}", package, NULL };
	struct proc proc = { .argv = argv, .out = &out };

	return proc_run_ok(&proc, NULL) == 0 &&
		slice_eq_str(buf_slice(&out), "installed");
}

struct program {
	const char *package, *name;
};

/* Those that are not in the path. */
static int install_programs(
	const struct program *programs, size_t n, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!is_in_path(programs[i].name))
			r = install(programs[i].package, why);
	return r;
}

/* One or two packages (`other` may be NULL) into a folder of their own. */
static int install_npm(const char *prefix, const char *package,
	const char *other, struct buf *why)
{
	const char *const argv[] = { "npm", "install", "--prefix", prefix,
		"--no-save", "--no-package-lock", "--no-audit", "--no-fund",
		"--ignore-scripts", "--loglevel=warn", package, other, NULL };
	int r = is_in_path("npm") ? 0 : install("npm", why);

	if (r == 0)
		r = dir_make(prefix, 0755, why);
	return r < 0 ? r : run_quiet(argv, why);
}

static int meet_core(const char *build, struct buf *why)
{
	AUTO_FREE char *path = core_path(build);
	AUTO_FREE char *prefix = xasprintf("%s/rpc-server", build);
	AUTO_FREE char *package =
		xasprintf("%s@%s", core_package(), CORE_VERSION);

	if (access(path, X_OK) == 0)
		return 0;
	say("installing the Delta Chat core " CORE_VERSION " (npm package)");
	int r = install_npm(prefix, package, NULL, why);
	if (r == 0 && access(path, X_OK) < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	return r;
}

/* A browser, what drives it, what judges pages, and what reads QR codes. */
static int meet_browser(const char *build, struct buf *why)
{
	static const struct program programs[] = {
		{ "chromium", "chromium" },
		{ "zbar-tools", "zbarimg" },
	};
	AUTO_FREE char *prefix = xasprintf("%s/browser", build);
	AUTO_FREE char *axe =
		xasprintf("%s/node_modules/axe-core/axe.min.js", prefix);
	int r = is_installed("fonts-dejavu-core")
		? 0
		: install("fonts-dejavu-core", why);

	if (r == 0)
		r = install_programs(programs, ARRAY_LEN(programs), why);
	if (r < 0 || file_exists(axe))
		return r;
	say("installing playwright-core and axe-core (npm packages)");
	return install_npm(prefix, "playwright-core@" PLAYWRIGHT_VERSION,
		"axe-core@" AXE_VERSION, why);
}

/* Those that are missing; the list ends with NULL. */
static int install_all(const char *const *packages, struct buf *why)
{
	int r = 0;

	for (; r == 0 && *packages; packages++)
		if (!is_installed(*packages))
			r = install(*packages, why);
	return r;
}

static int meet_clang(const char *build UNUSED, struct buf *why)
{
	static const char *const packages[] = { "clang", "libclang-rt-14-dev",
		NULL };

	return install_all(packages, why);
}

static int meet_hosts(const char *build UNUSED, struct buf *why)
{
	static const char *const packages[] = { "debootstrap",
		"systemd-container", NULL };

	return install_all(packages, why);
}

static int meet_dkimpy(const char *build UNUSED, struct buf *why)
{
	static const char *const packages[] = { "python3-dkim", "python3-nacl",
		NULL };

	return install_all(packages, why);
}

static int meet_tools(const char *build UNUSED, struct buf *why)
{
	static const struct program programs[] = {
		{ "curl", "curl" },
		{ "iproute2", "ip" },
		{ "openssh-client", "ssh" },
		{ "openssl", "openssl" },
		{ "procps", "pgrep" },
	};

	return install_programs(programs, ARRAY_LEN(programs), why);
}

/* A relay of its own could not get it: it has a network of its own. */
static int meet_mtail(const char *build UNUSED, struct buf *why)
{
	return is_in_path("mtail") ? 0 : install("mtail", why);
}

/* The package's own daemon is of no use here. */
static int meet_promtool(const char *build UNUSED, struct buf *why)
{
	return is_in_path("promtool") ? 0 : install("prometheus", why);
}

/* Made of this machine, and of packages that it does not get. */
static int meet_bed(const char *build, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/source-folder", build);
	AUTO_FREE char *bed = xasprintf("%s/ssh-bed", build);
	AUTO_BUF struct buf source = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = file_read(path, &source, why);

	if (r < 0)
		return r;
	AUTO_FREE char *script = xasprintf("%.*s/tests/t/bed/bed.sh",
		SLICE_FMT(slice_trim(buf_slice(&source))));
	const char *const argv[] = { script, "make", bed, NULL };
	return run_quiet(argv, why);
}

static int meet_knot(const char *build UNUSED, struct buf *why)
{
	return file_exists("/usr/sbin/knotd") ? 0 : install("knot", why);
}

static int meet_root(const char *build UNUSED, struct buf *why)
{
	if (geteuid() != 0)
		return because(why, -EPERM, "not root: run it with sudo");
	return 0;
}

/*
 * Where tests run side by side, only one may install packages: a relay
 * that is started and ended here first brings in all that the others
 * need. A file in the build folder says that this was done.
 */
static int meet_relay(const char *build, struct buf *why)
{
	AUTO_FREE char *stamp = xasprintf("%s/relay-packages", build);
	AUTO_FREE char *program = cmdeploy_path(build);
	AUTO_FREE char *dir = xasprintf("%s/first-relay", build);
	unsigned n = (unsigned)getpid();
	AUTO_FREE char *address = xasprintf(
		"127.%u.%u.%u", 64 + (n >> 16 & 0x3f), n >> 8 & 0xff, n & 0xff);
	const char *const up[] = { program, "up", address, "--dir", dir,
		"--detach", NULL };
	const char *const down[] = { program, "down", "--dir", dir, NULL };
	const char *const remove[] = { "rm", "-rf", dir, NULL };

	if (file_exists(stamp))
		return 0;
	say("installing what a relay needs (Debian packages)");
	int r = run_quiet(up, why);
	if (r == 0)
		r = run_quiet(down, why);
	if (r == 0)
		r = run_quiet(remove, why);
	if (r < 0)
		return r;
	return file_write(
		stamp, SLICE(""), (struct file_owner){ 0644, -1, -1 }, why);
}

static const struct {
	const char *name;
	unsigned bit;
	int (*meet)(const char *build, struct buf *why);
} needs[NEEDS_N] = {
	{ "root", NEED_ROOT, meet_root },
	{ "tools", NEED_TOOLS, meet_tools },
	{ "relay", NEED_RELAY, meet_relay },
	{ "core", NEED_CORE, meet_core },
	{ "clang", NEED_CLANG, meet_clang },
	{ "promtool", NEED_PROMTOOL, meet_promtool },
	{ "mtail", NEED_MTAIL, meet_mtail },
	{ "knot", NEED_KNOT, meet_knot },
	{ "hosts", NEED_HOSTS, meet_hosts },
	{ "browser", NEED_BROWSER, meet_browser },
	{ "bed", NEED_BED, meet_bed },
	{ "dkimpy", NEED_DKIMPY, meet_dkimpy },
};

static int parse_one(struct slice name, unsigned *io_needs, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
		if (!slice_eq_str(name, needs[i].name))
			continue;
		*io_needs |= needs[i].bit;
		return 0;
	}
	return because(why, -EINVAL, "unknown need \"%.*s\"", SLICE_FMT(name));
}

int needs_parse(struct slice names, unsigned *ret_needs, struct buf *why)
{
	struct slice name;
	unsigned all = 0;
	int r = 0;

	if (slice_eq_str(names, "-")) {
		*ret_needs = 0;
		return 0;
	}
	while (r == 0 && slice_cut(names, ',', &name, &names))
		r = parse_one(name, &all, why);
	if (r == 0)
		r = parse_one(names, &all, why);
	if (r == 0)
		*ret_needs = all;
	return r;
}

int need_meet(unsigned need, const char *build, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
		if (needs[i].bit != need)
			continue;
		AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
		int r = needs[i].meet(build, &reason);
		if (r < 0)
			return because(why, r, "needs %s: %s", needs[i].name,
				buf_str(&reason));
	}
	return 0;
}
