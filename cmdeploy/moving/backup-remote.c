/* A backup of a relay on another machine, over ssh; its key comes here. */
#include <errno.h>
#include <string.h>

#include "cmdeploy/host/ssh.h"
#include "cmdeploy/moving/backup.h"
#include "cmdeploy/moving/restic.h"
#include "cmdeploy/say.h"
#include "lib/file.h"
#include "lib/path.h"

enum {
	FILE_MAX_BYTES = 1 << 16,
	FILE_SEC = 60,
};

static bool is_same(const char *path, struct slice text)
{
	__attribute__((cleanup(buf_release_secret))) struct buf here =
		BUF_INIT(FILE_MAX_BYTES);

	return file_read(path, &here, NULL) == 0 &&
		slice_eq(buf_slice(&here), text);
}

/* One that is here already is not touched. 1: it is here now. */
static int keep(const char *path, struct slice text, struct buf *why)
{
	if (!file_exists(path)) {
		int r = file_write(path, text,
			(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 }, why);
		return r < 0 ? r : 1;
	}
	if (!is_same(path, text)) {
		AUTO_FREE char *note = xasprintf(
			"%s here is not what the server has; move it away, and "
			"the next backup brings that",
			path);
		say_note(note);
	}
	return 0;
}

static int bring(const struct ssh_host *ssh, const char *name, const char *path,
	struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf text =
		BUF_INIT(FILE_MAX_BYTES);
	AUTO_FREE char *there = xasprintf("/etc/chatmail/%s", name);
	/* It need not be there. */
	int r = host_run(&ssh->host,
		&(struct proc){
			.argv = PROC_WORDS("sh", "-c",
				"[ ! -e \"$1\" ] || cat \"$1\"", "sh", there),
			.timeout_sec = FILE_SEC,
			.out = &text,
		},
		why);

	return r < 0 || text.len == 0 ? r : keep(path, buf_slice(&text), why);
}

/* All that reading the backup takes, once the server has gone. */
static int bring_key(
	const struct ssh_host *ssh, const char *key_path, struct buf *why)
{
	AUTO_FREE char *variables = path_beside(key_path, RESTIC_ENV);
	int r = bring(ssh, BACKUP_KEY, key_path, why);

	if (r > 0)
		say("A copy of its key is here: %s. Keep it safe.", key_path);
	if (r >= 0)
		r = bring(ssh, RESTIC_ENV, variables, why);
	if (r > 0)
		say("So are the variables for that place: %s.", variables);
	return r;
}

int backup_remote(const char *ssh_host, const struct backup_options *options,
	const char *key_path, struct buf *why)
{
	__attribute__((cleanup(ssh_close))) struct ssh_host ssh = { 0 };
	AUTO_FREE char *called = xasprintf("CMDEPLOY_CALLED=%s", say_program());
	AUTO_WORDS struct words argv = { 0 };
	int r = options->target ? restic_check_remote(options->target, why) : 0;

	if (r == 0)
		r = ssh_open(ssh_host, &ssh, why);
	if (r == 0)
		r = ssh_connect(&ssh, why);
	if (r == 0 && !host_has_fact(&ssh.host, "package"))
		r = because(why, -ENOENT,
			"%s is not a relay yet; \"%s run\" makes it one",
			ssh.target.where, say_program());
	if (r < 0)
		return r;
	words_add_all(&argv,
		PROC_WORDS("cmdeploy", "backup", "--ssh-host", "@local"));
	if (!options->has_mail)
		words_add(&argv, "--without-mail");
	if (options->target)
		words_add_all(&argv, PROC_WORDS("--", options->target));
	r = ssh_attach(&ssh, words_list(&argv), PROC_WORDS(called), why);
	if (r != 0)
		return r;
	r = bring_key(&ssh, key_path, why);
	return r < 0 ? r : EXIT_SUCCESS;
}
