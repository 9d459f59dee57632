/*
 * The key of a self-signed certificate is taken over from other software:
 * the same key, if it can be one, and else nothing but a reason.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"
#include "lib/file.h"
#include "lib/proc.h"
#include "tests/test.h"

enum {
	OPENSSL_SEC = 30,
	KEY_MAX_BYTES = 65536,
};

extern const struct component component_tls;

static char dir[] = "/tmp/legacy-key.XXXXXX";

static int openssl(struct slice text, struct buf *out, const char *const *argv)
{
	return proc_run_ok(
		&(struct proc){
			.argv = argv,
			.input = text,
			.timeout_sec = OPENSSL_SEC,
			.out = out,
		},
		NULL);
}

#define OPENSSL(text, out, ...)                                                \
	openssl((text), (out), PROC_WORDS("openssl", __VA_ARGS__))

/* What the component does for the key. */
static int create(const char *legacy, struct buf *out, struct buf *why)
{
	struct apply apply = { 0 };
	int r = -ENOENT;

	template_vars_set(&apply.vars, "legacy_key_path", legacy);
	for (const struct file *f = component_tls.files; f->path; f++)
		if (strcmp(f->path, "{{own_key_path}}") == 0)
			r = f->create(&apply, out, why);
	apply_release(&apply);
	return r;
}

static void check_good(const char *name, const char *path)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf key = BUF_INIT(KEY_MAX_BYTES);
	AUTO_BUF struct buf want = BUF_INIT(KEY_MAX_BYTES);
	AUTO_BUF struct buf got = BUF_INIT(KEY_MAX_BYTES);

	check_int(name, create(path, &key, &why), 0);
	check_str(name, buf_str(&why), "");
	check_int(name,
		OPENSSL(SLICE_NONE, &want, "pkey", "-in", path, "-pubout"), 0);
	check_int(name, OPENSSL(buf_slice(&key), &got, "pkey", "-pubout"), 0);
	check_str(name, buf_str(&got), buf_str(&want));
}

static void check_bad(const char *name, const char *path)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf key = BUF_INIT(KEY_MAX_BYTES);
	AUTO_FREE char *want = xasprintf(
		"%s, by whose key apps know this relay, is not a private key",
		path);

	check(name, create(path, &key, &why) < 0);
	check_slice(name, slice_head(buf_slice(&why), strlen(want)),
		slice_of(want));
	check(name, strstr(buf_str(&why), "bring it back from a copy"));
}

static void put(const char *path, struct slice text)
{
	check_int(path,
		file_write(path, text,
			(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 },
			NULL),
		0);
}

static void test_all(const char *path)
{
	AUTO_BUF struct buf whole = BUF_INIT(KEY_MAX_BYTES);
	AUTO_BUF struct buf public = BUF_INIT(KEY_MAX_BYTES);

	check_int("rsa",
		OPENSSL(SLICE_NONE, NULL, "genrsa", "-traditional", "-out",
			path, "2048"),
		0);
	check_good("rsa", path);
	check_int("ec",
		OPENSSL(SLICE_NONE, NULL, "genpkey", "-algorithm", "EC",
			"-pkeyopt", "ec_paramgen_curve:P-256", "-out", path),
		0);
	check_good("ec", path);
	check_int("read", file_read(path, &whole, NULL), 0);
	check_int("public",
		OPENSSL(SLICE_NONE, &public, "pkey", "-in", path, "-pubout"),
		0);
	put(path, SLICE_NONE);
	check_bad("empty", path);
	put(path, slice_head(buf_slice(&whole), whole.len / 2));
	check_bad("a half", path);
	put(path, buf_slice(&public));
	check_bad("the public one", path);
	check_int("encrypted",
		OPENSSL(buf_slice(&whole), NULL, "pkey", "-aes256", "-passout",
			"pass:secret", "-out", path),
		0);
	check_bad("encrypted", path);
}

int main(void)
{
	AUTO_BUF struct buf key = BUF_INIT(KEY_MAX_BYTES);

	check("mkdtemp", mkdtemp(dir));
	AUTO_FREE char *path = xasprintf("%s/key.pem", dir);
	test_all(path);
	check_int("none before", create("", &key, NULL), 0);
	check("none before", strstr(buf_str(&key), "PRIVATE KEY"));
	dir_remove(dir);
	return test_end();
}
