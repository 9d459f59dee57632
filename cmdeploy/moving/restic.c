/* Calls restic, and understands what it says. */
#include "cmdeploy/moving/restic.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/host/packages.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "lib/file.h"
#include "lib/path.h"
#include "lib/proc.h"
#include "lib/url.h"

enum {
	SAID_MAX_BYTES = 1 << 20,
	EXIT_NOTHING_THERE = 10, /* since restic 0.17 */
};

#define TAG_MAIL "mail"
#define TAG_BARE "without-mail"

char *restic_target(const char *text)
{
	char here[PATH_MAX_BYTES];

	if (text[0] == '/' || strchr(text, ':') || !getcwd(here, sizeof(here)))
		return xstrdup(text);
	return xasprintf("%s/%s", here, text);
}

char *restic_shown(const char *target)
{
	AUTO_BUF struct buf out = BUF_INIT(SAID_MAX_BYTES);
	struct slice text = slice_of(target);

	url_add_masked(&out, text, url_password(text));
	return xstrdup(buf_str(&out));
}

int restic_check_remote(const char *target, struct buf *why)
{
	if (url_password(slice_of(target)).len == 0)
		return 0;
	return because(why, -EINVAL,
		"the password in that URL would stand in logs of the server; "
		"leave it out, and put RESTIC_REST_USERNAME and "
		"RESTIC_REST_PASSWORD into /etc/chatmail/" RESTIC_ENV " there");
}

/* "\"a b\"": what stands between two quotes of a kind. */
static struct slice unquoted(struct slice s)
{
	bool is_quoted = s.len > 1 && (s.ptr[0] == '"' || s.ptr[0] == '\'') &&
		s.ptr[s.len - 1] == s.ptr[0];

	return is_quoted ? slice_head(slice_from(s, 1), s.len - 2) : s;
}

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.ptr[i]) && s.ptr[i] != '_' &&
			(i == 0 || !ascii_is_digit(s.ptr[i])))
			return false;
	return s.len > 0;
}

int restic_env(const char *path, struct words *ret_words, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf text =
		BUF_INIT(SAID_MAX_BYTES);
	struct slice rest, line, name, value;

	if (!file_exists(path))
		return 0;
	int r = file_read(path, &text, why);
	rest = buf_slice(&text);
	for (int n = 1; r == 0 && slice_next_line(&rest, &line); n++) {
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (slice_starts(line, SLICE("export ")))
			line = slice_trim(slice_from(line, strlen("export ")));
		if (!slice_cut(line, '=', &name, &value) || !is_name(name))
			return because(why, -EINVAL,
				"%s: line %d: not NAME=value", path, n);
		value = unquoted(value);
		AUTO_FREE char *word = xasprintf(
			"%.*s=%.*s", SLICE_FMT(name), SLICE_FMT(value));
		words_add(ret_words, word);
	}
	return r;
}

int restic_install(bool is_server, struct buf *why)
{
	AUTO_BUF struct buf missing = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *const names[] = { "restic" };
	const struct proc listen = {
		.on_line = say_progress_line,
		.is_unwanted = signals_unwanted,
	};
	int r = packages_missing(names, 1, &missing, why);

	if (r <= 0)
		return r;
	say_step("packages");
	r = is_server ? packages_add("restic", &listen, why)
		      : packages_install("restic", &listen, why);
	if (r == 0)
		say_done("restic installed");
	return signals_told_to_stop() ? -EINTR : r;
}

/* The line that says why, what ssh has said before it, and the first fault. */
static void add_reason(struct slice said, struct buf *out)
{
	struct slice rest = said, line, fatal = slice_last_line(said);
	const struct slice fault = SLICE("ignoring error for ");
	bool has_fault = false;

	while (slice_next_line(&rest, &line)) {
		bool is_first = !has_fault && slice_starts(line, fault);
		has_fault |= is_first;
		if (is_first || slice_starts(line, SLICE("subprocess ssh: ")))
			buf_addf(out, "%.*s; ", SLICE_FMT(slice_trim(line)));
		if (slice_starts(line, SLICE("Fatal: ")))
			fatal = slice_from(line, strlen("Fatal: "));
	}
	buf_add_slice(out, slice_trim(fatal));
}

/* In the folder `dir`. It never asks at the terminal: there may be nobody. */
static int call(const struct restic *restic, const char *dir,
	const char *const *words, struct buf *said, int *ret_status,
	struct buf *why)
{
	const char *cache = restic->cache_dir ? restic->cache_dir : "";
	AUTO_FREE char *target =
		xasprintf("RESTIC_REPOSITORY=%s", restic->target);
	AUTO_FREE char *key =
		xasprintf("RESTIC_PASSWORD_FILE=%s", restic->key_path);
	AUTO_FREE char *folder = xasprintf("RESTIC_CACHE_DIR=%s", cache);
	AUTO_FREE char *variables = path_beside(restic->key_path, RESTIC_ENV);
	AUTO_WORDS struct words argv = { 0 }, env = { 0 };

	words_add_all(&argv,
		PROC_WORDS("env", "-C", dir, "restic",
			cache[0] ? "--quiet" : "--no-cache"));
	words_add_all(&argv, words);
	int r = restic_env(variables, &env, why);
	if (r < 0)
		return r;
	/* GOGC: a third less memory, for a tenth more work. */
	words_add_all(&env,
		PROC_WORDS(target, key, folder, "GOGC=20",
			"SSH_ASKPASS=/bin/false", "SSH_ASKPASS_REQUIRE=force"));
	r = proc_run(
		&(struct proc){
			.argv = words_list(&argv),
			.env = words_list(&env),
			.out = said,
			.is_unwanted = signals_unwanted,
		},
		ret_status, why);
	return r == 0 && signals_told_to_stop() ? -EINTR : r;
}

static int explain(
	const struct restic *restic, const struct buf *said, struct buf *why)
{
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf masked = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *shown = restic_shown(restic->target);

	if (strstr(buf_str(said), "wrong password"))
		return because(why, -EACCES,
			"what is at %s was made with another key than %s; name "
			"its own, or another place",
			shown, restic->key_path);
	add_reason(buf_slice(said), &reason);
	url_add_masked(&masked, buf_slice(&reason),
		url_password(slice_of(restic->target)));
	return because(
		why, -EIO, "restic, with %s: %s", shown, buf_str(&masked));
}

static int run(const struct restic *restic, const char *dir,
	const char *const *words, struct buf *why)
{
	AUTO_BUF struct buf said = BUF_INIT(SAID_MAX_BYTES);
	int status;
	int r = call(restic, dir, words, &said, &status, why);

	return r < 0 || status == 0 ? r : explain(restic, &said, why);
}

int restic_begin(const struct restic *restic, struct buf *why)
{
	AUTO_BUF struct buf said = BUF_INIT(SAID_MAX_BYTES);
	int status;
	int r = call(
		restic, ".", PROC_WORDS("cat", "config"), &said, &status, why);

	if (r < 0 || status == 0)
		return r;
	if (status != EXIT_NOTHING_THERE << 8 &&
		!strstr(buf_str(&said), "Is there a repository at"))
		return explain(restic, &said, why);
	r = run(restic, ".", PROC_WORDS("init"), why);
	return r < 0 ? r : 1;
}

int restic_save(const struct restic *restic, bool has_mail, const char *dir,
	struct buf *why)
{
	/* Links change the ctime of a file, and nothing else does here. */
	return run(restic, dir,
		PROC_WORDS("backup", "--ignore-ctime", "--host", restic->host,
			"--tag", has_mail ? TAG_MAIL : TAG_BARE, "."),
		why);
}

int restic_forget(const struct restic *restic, struct buf *why)
{
	return run(restic, ".",
		PROC_WORDS("forget", "--host", restic->host, "--group-by",
			"host,tags", "--keep-daily", "7", "--prune"),
		why);
}

int restic_restore(const struct restic *restic, bool has_mail, const char *dir,
	struct buf *why)
{
	AUTO_WORDS struct words words = { 0 };

	words_add_all(&words, PROC_WORDS("restore", "latest", "--target", dir));
	if (restic->host)
		words_add_all(&words, PROC_WORDS("--host", restic->host));
	words_add_all(&words,
		has_mail ? PROC_WORDS("--tag", TAG_MAIL)
			 : PROC_WORDS(
				   "--exclude", "cur/*", "--exclude", "new/*"));
	return run(restic, ".", words_list(&words), why);
}
