/* Copies the files of a relay, by cp(1), which keeps all that they are. */
#include "cmdeploy/moving/files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmdeploy/site/source.h"
#include "lib/file.h"
#include "lib/path.h"
#include "lib/proc.h"
#include "lib/words.h"

enum {
	COPY_SEC = 600,
};

/* One of them is that path or a folder above it. */
static bool is_covered(const struct words *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++) {
		size_t n = strlen(list->v[i]);
		if (strncmp(list->v[i], path, n) == 0 &&
			(path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

/* Relative to the root; what is not there, or elsewhere, is left out. */
static void add(const struct relay *relay, struct words *list, const char *path)
{
	size_t n = strlen(relay->dir);

	if (strncmp(path, relay->dir, n) == 0 && path[n] == '/' &&
		file_exists(path) && !is_covered(list, path + n + 1))
		words_add(list, path + n + 1);
}

/* The sources of the pages; they may lie outside of a relay's folder. */
static int add_pages(
	const struct relay *relay, struct words *list, struct buf *why)
{
	AUTO_FREE char *src = NULL;
	int r = site_source_find(relay->places.operators_ini_path,
		relay->config.www_folder, &src, why);

	if (r < 0 || !src || site_source_is_ours(src))
		return r;
	AUTO_FREE char *path = slice_dup(path_folder(src));
	AUTO_FREE char *real = realpath(path, NULL);
	if (real)
		add(relay, list, real);
	return 0;
}

static int list_files(
	const struct relay *relay, struct words *list, struct buf *why)
{
	const struct places *places = &relay->places;
	const struct text_list *own = &relay->config.tls_external_cert_and_key;
	const char *const paths[] = { "etc/chatmail-nocreate", "etc/dkimkeys",
		"var/lib/acme", "var/lib/chatmail/mail_domain",
		"var/lib/chatmail/counters", "chatmail-nocreate",
		"state/address", "state/counters" };

	add(relay, list, places->own_etc_dir);
	add(relay, list, places->operators_ini_path);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", relay->dir, paths[i]);
		add(relay, list, path);
	}
	for (size_t i = 0; relay->is_server && i < own->n; i++)
		add(relay, list, own->items[i]);
	return add_pages(relay, list, why);
}

static int copy(const struct words *argv, struct buf *why)
{
	return proc_run_ok(
		&(struct proc){
			.argv = words_list(argv),
			.timeout_sec = COPY_SEC,
		},
		why);
}

int files_gather(const struct relay *relay, const char *to, struct buf *why)
{
	AUTO_WORDS struct words argv = { 0 };
	AUTO_FREE char *into = xasprintf("--target-directory=%s", to);

	words_add_all(&argv,
		PROC_WORDS("env", "-C", relay->is_server ? "/" : relay->dir,
			"cp", "--archive", "--parents", into, "--"));
	int r = list_files(relay, &argv, why);
	if (r == 0)
		r = dir_make(to, 0700, why);
	return r < 0 ? r : copy(&argv, why);
}

/* What the operator has brought here is newer. */
static void keep_settings(
	const char *from, const char *root, const char *ini_path)
{
	size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	AUTO_FREE char *ini = xasprintf("%s%s", from, ini_path + n);
	AUTO_FREE char *pages = path_beside(ini, "www");

	if (!file_exists(ini_path))
		return;
	unlink(ini);
	dir_remove(pages);
}

int files_put(const char *from, const char *root, const char *ini_path,
	struct buf *why)
{
	AUTO_WORDS struct words argv = { 0 };

	keep_settings(from, root, ini_path);
	/* One by one: the folder that they are in, and `root`, stay. */
	words_add_all(&argv,
		PROC_WORDS("sh", "-c",
			"exec cp --archive --target-directory=\"$2\" "
			"-- \"$1\"/*",
			"sh", from, root));
	return copy(&argv, why);
}
