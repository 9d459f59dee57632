/* Our Debian package in the version of this cmdeploy. */
#include "cmdeploy/remote/package.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cmdeploy/relay/programs.h"

enum {
	MAKE_SEC = 600,
	OUTPUT_MAX_BYTES = 1 << 20,
};

/* The folder that the build was made from; *ret_source NULL: none. */
static int find_source(const char *build, char **ret_source, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/source-folder", build);
	AUTO_BUF struct buf text = BUF_INIT(PATH_MAX);

	*ret_source = NULL;
	if (!file_exists(path))
		return 0;
	int r = file_read(path, &text, why);
	if (r == 0)
		*ret_source = slice_dup(slice_trim(buf_slice(&text)));
	return r;
}

/* The last line that it prints; the caller frees. */
static int ask(const char *const *argv, char **ret_line, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	int r = proc_run_ok(
		&(struct proc){
			.argv = argv, .out = &out, .timeout_sec = MAKE_SEC },
		why);

	if (r < 0)
		return r;
	*ret_line = slice_dup(slice_last_line(buf_slice(&out)));
	return 0;
}

static bool is_same(const struct host *host, const char *name, const char *own)
{
	AUTO_BUF struct buf theirs = BUF_INIT(BUF_WHY_MAX_BYTES);

	return host_fact(host, name, &theirs, NULL) == 0 && theirs.len > 0 &&
		slice_eq_str(buf_slice(&theirs), own);
}

/* Programs of here run there: same Debian release, same architecture. */
static bool can_use_ours(const struct host *host)
{
	static const char *const names[] = { "os", "os_version",
		"debian_arch" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_BUF struct buf own = BUF_INIT(BUF_WHY_MAX_BYTES);
		if (host_fact(&host_local, names[i], &own, NULL) < 0 ||
			!is_same(host, names[i], buf_str(&own)))
			return false;
	}
	return true;
}

/* "chatmail_0.1.0+1234_amd64.deb" has its version between the "_". */
static int read_version(const char *deb, char **ret_version, struct buf *why)
{
	struct slice name = slice_of(deb), version, rest;

	if (!slice_cut_last(name, '/', &rest, &name) ||
		!slice_cut(name, '_', &rest, &version) ||
		!slice_cut(version, '_', &version, &rest))
		return because(
			why, -EINVAL, "%s: not the name of a package", deb);
	*ret_version = slice_dup(version);
	return 0;
}

static int make_here(const char *build, const char *source,
	struct package *package, struct buf *why)
{
	AUTO_FREE char *script = xasprintf("%s/scripts/build-deb", source);
	int r = ask(PROC_WORDS(script, build), &package->deb, why);

	return r < 0 ? r : read_version(package->deb, &package->version, why);
}

static int pack_sources(const char *dir, const char *source,
	struct package *package, struct buf *why)
{
	AUTO_FREE char *script = xasprintf("%s/scripts/source-archive", source);

	package->archive = xasprintf("%s/source.tar", dir);
	return ask(
		PROC_WORDS(script, package->archive), &package->version, why);
}

/* This cmdeploy came in the package itself. */
static int name_installed(
	const struct host *host, struct package *package, struct buf *why)
{
	int r = ask(
		PROC_WORDS("dpkg-query", "-W", "-f", "${Version}", "chatmail"),
		&package->version, why);

	if (r == 0 && !is_same(host, "package", package->version))
		return because(why, -ENOENT,
			"%s has another version than this one, %s; to bring it "
			"there, run scripts/cmdeploy of the sources, or "
			"install "
			"the same package there first",
			host->name, package->version);
	return r;
}

int package_make(const struct host *host, const char *dir,
	struct package *ret_package, struct buf *why)
{
	struct package package = { 0 };
	AUTO_FREE char *build = NULL;
	AUTO_FREE char *source = NULL;
	int r = programs_build_dir(&build, why);

	if (r == 0)
		r = find_source(build, &source, why);
	if (r == 0 && !source)
		r = name_installed(host, &package, why);
	else if (r == 0 && can_use_ours(host))
		r = make_here(build, source, &package, why);
	else if (r == 0)
		r = pack_sources(dir, source, &package, why);
	if (r < 0)
		package_release(&package);
	else
		*ret_package = package;
	return r;
}

void package_release(struct package *package)
{
	free(package->version);
	free(package->deb);
	free(package->archive);
	*package = (struct package){ 0 };
}
