/* Finds the Delta Chat core, or fetches it (core.h). */
#include "cmdeploy/host/core.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmdeploy/host/temp.h"
#include "lib/file.h"
#include "lib/path.h"
#include "lib/proc.h"

enum {
	CORE_MAX_BYTES = 128 << 20,
	NPM_SEC = 600,
	NPM_LOOK_SEC = 10,
	DIGEST_BYTES = 32,
};

#define PROGRAM "deltachat-rpc-server"

/* What is in the package of each kind of machine. */
static const struct kind {
	const char *machine; /* of uname(2) */
	const char *package;
	const char *sha256;
} kinds[] = {
	{ "x86_64", "@deltachat/stdio-rpc-server-linux-x64",
		"62aa375904aeea88f356a20cb5d7bb6b"
		"90728f5e14d81c2b0f689c6c7341af2d" },
};

static int find_kind(const struct kind **ret_kind, struct buf *why)
{
	struct utsname names;

	uname(&names);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].machine, names.machine) != 0)
			continue;
		*ret_kind = &kinds[i];
		return 0;
	}
	return because(why, -ENOTSUP,
		"the Delta Chat core is not made for this kind of machine (%s)",
		names.machine);
}

static char *cache_path(void)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	bool is_given = cache && cache[0] == '/';

	return xasprintf("%s%s/cmdeploy/core/" CORE_VERSION "/" PROGRAM,
		is_given       ? cache
			: home ? home
			       : "/root",
		is_given ? "" : "/.cache");
}

static bool is_the_one(struct slice bytes, const char *sha256)
{
	AUTO_BUF struct buf hex = BUF_INIT(2 * EVP_MAX_MD_SIZE);
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(bytes.ptr, bytes.len, digest, NULL, EVP_sha256(),
		    NULL) != 1)
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		buf_addf(&hex, "%02x", digest[i]);
	return slice_eq_str(buf_slice(&hex), sha256);
}

/* Its bytes are those that are known; others are refused. */
static int read_core(const char *path, const struct kind *kind, struct buf *out,
	struct buf *why)
{
	int r = file_read(path, out, why);

	if (r < 0 || is_the_one(buf_slice(out), kind->sha256))
		return r;
	return because(why, -EBADMSG,
		"%s: not the bytes of version " CORE_VERSION
		"; delete it, and try again",
		path);
}

int core_find(char **ret_path, struct buf *why)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CORE_MAX_BYTES);
	AUTO_FREE char *path = cache_path();
	const struct kind *kind = NULL;
	int r = find_kind(&kind, why);

	if (r == 0)
		r = read_core(path, kind, &bytes, why);
	if (r == 0)
		*ret_path = TAKE(path);
	return r;
}

static int run_npm(const char *dir, const struct kind *kind, struct buf *why)
{
	AUTO_FREE char *package = xasprintf("%s@" CORE_VERSION, kind->package);
	int r = proc_run_ok(
		&(struct proc){
			.argv = PROC_WORDS("npm", "install", "--prefix", dir,
				"--no-save", "--no-package-lock", "--no-audit",
				"--no-fund", "--ignore-scripts", "--force",
				"--fetch-retries=0", "--loglevel=error",
				package),
			.timeout_sec = NPM_SEC,
		},
		why);
	AUTO_FREE char *reason = xstrdup(why ? buf_str(why) : "");

	if (r == 0)
		return 0;
	return because(why, r,
		"npm could not fetch the Delta Chat core: %s; is npm there, "
		"and does this machine reach its registry?",
		reason);
}

static int fetch_into(const char *dir, const char *path, struct buf *why)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CORE_MAX_BYTES);
	const struct kind *kind = NULL;
	int r = find_kind(&kind, why);

	if (kind)
		r = run_npm(dir, kind, why);
	if (!kind || r < 0)
		return r;
	AUTO_FREE char *program =
		xasprintf("%s/node_modules/%s/" PROGRAM, dir, kind->package);
	r = read_core(program, kind, &bytes, why);
	if (r == 0)
		r = dir_make_for(path, 0700, why);
	return r < 0
		? r
		: file_write(path, buf_slice(&bytes),
			  (struct file_owner){ 0755, (uid_t)-1, (gid_t)-1 },
			  why);
}

int core_fetch(char **ret_path, struct buf *why)
{
	char *dir = NULL;
	int r = core_find(ret_path, why);

	if (r != -ENOENT)
		return r;
	r = temp_make(&dir, why);
	if (r < 0)
		return r;
	AUTO_FREE char *path = cache_path();
	r = fetch_into(dir, path, why);
	temp_remove(dir);
	return r < 0 ? r : core_find(ret_path, why);
}

static bool has_npm(void)
{
	return proc_run_ok(&(struct proc){ .argv = PROC_WORDS("sh", "-c",
						   "command -v npm >/dev/null"),
				   .timeout_sec = NPM_LOOK_SEC },
		       NULL) == 0;
}

bool core_needs_npm(void)
{
	AUTO_FREE char *path = NULL;

	return !has_npm() && core_find(&path, NULL) < 0;
}
