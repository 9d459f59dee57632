/* A backup, step by step: a copy made of links, and restic over it. */
#include "cmdeploy/moving/backup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/host/lock.h"
#include "cmdeploy/moving/files.h"
#include "cmdeploy/moving/restic.h"
#include "cmdeploy/moving/snapshot.h"
#include "cmdeploy/relay/backups.h"
#include "cmdeploy/relay/moves.h"
#include "cmdeploy/say.h"
#include "cmdeploy/signals.h"
#include "lib/file.h"
#include "lib/random.h"

enum {
	KEY_CHARS = 40,
};

struct backup {
	const struct relay *relay;
	bool has_mail;
	char *key_path, *cache_dir, *target;
	char *shown; /* the target, without a password */
	char *stage; /* beside the accounts, for root alone */
	struct restic restic;
	bool is_first;
};

static int lock(const struct relay *relay, int *ret_fd, struct buf *why)
{
	AUTO_FREE char *path =
		xasprintf("%s/backup.lock", relay->places.own_state_dir);
	int r = lock_open(path, ret_fd, why);

	if (r == 0 && lock_try(*ret_fd) <= 0)
		r = because(why, -EBUSY,
			"another backup is being made (pid %d)",
			(int)lock_holder(*ret_fd));
	return r;
}

static int make_key(const struct backup *b, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf key =
		BUF_INIT(KEY_CHARS + 1);

	if (file_exists(b->key_path))
		return 0;
	random_add_text(&key, "abcdefghijkmnpqrstuvwxyz23456789", KEY_CHARS);
	buf_add_char(&key, '\n');
	return file_write(b->key_path, buf_slice(&key),
		(struct file_owner){ 0600, 0, 0 }, why);
}

static int step_copy(struct backup *b, struct buf *why)
{
	AUTO_FREE char *files = xasprintf("%s/files", b->stage);
	AUTO_FREE char *mail = xasprintf("%s/mail", b->stage);
	struct snapshot_counts n = { 0 };

	say_step("copy");
	dir_remove(b->stage);
	if (mkdir(b->stage, 0700) < 0)
		return because(
			why, -errno, "%s: %s", b->stage, strerror(errno));
	int r = files_gather(b->relay, files, why);
	if (r == 0)
		r = snapshot_make(b->relay->config.mailboxes_dir, mail,
			b->has_mail, &n, why);
	if (r < 0)
		return r;
	if (n.n_restless > 0)
		say_note("some mailboxes changed all the while; messages that "
			 "moved at that moment may be missing");
	say_done("%zu accounts, %zu messages", n.n_accounts, n.n_messages);
	return 0;
}

static int step_save(struct backup *b, struct buf *why)
{
	say_step("backup");
	int r = restic_begin(&b->restic, why);
	if (r < 0)
		return r;
	b->is_first = r > 0;
	r = restic_save(&b->restic, b->has_mail, b->stage, why);
	if (r == 0)
		say_done("%s %s", b->is_first ? "the first one is at" : "to",
			b->shown);
	return r;
}

static int step_forget(struct backup *b, struct buf *why)
{
	say_step("old ones");
	int r = restic_forget(&b->restic, why);
	if (r == 0)
		say_done("those of the last seven days are kept");
	return r;
}

static int carry_out(struct backup *b, struct buf *why)
{
	int r = restic_install(b->relay->is_server, why);

	if (r == 0)
		r = make_key(b, why);
	if (r == 0)
		r = step_copy(b, why);
	if (r == 0)
		r = step_save(b, why);
	/* The messages in it must not outlive those of the relay. */
	dir_remove(b->stage);
	if (r == 0)
		r = backups_note(b->relay, b->shown, why);
	return r < 0 ? r : step_forget(b, why);
}

static void show_end(const struct backup *b)
{
	say_bold(
		"The relay %s has a new backup.", b->relay->config.mail_domain);
	if (b->is_first)
		say("Its key is %s. Keep a copy elsewhere: without it nobody "
		    "can read the backup.",
			b->key_path);
}

static void prepare(struct backup *b, const char *target)
{
	const struct relay *relay = b->relay;

	b->target = restic_target(target);
	b->shown = restic_shown(b->target);
	b->key_path = xasprintf("%s/" BACKUP_KEY, relay->places.own_etc_dir);
	b->cache_dir = xasprintf("%s/restic", relay->places.own_state_dir);
	b->stage = xasprintf("%s/.backup", relay->config.mailboxes_dir);
	b->restic = (struct restic){
		.target = b->target,
		.key_path = b->key_path,
		.cache_dir = b->cache_dir,
		.host = relay->config.mail_domain,
	};
}

static void release(struct backup *b)
{
	free(b->target);
	free(b->shown);
	free(b->key_path);
	free(b->cache_dir);
	free(b->stage);
}

int backup_run(const struct relay *relay, const struct backup_options *options,
	struct buf *why)
{
	const char *target =
		options->target ? options->target : relay->config.backup_to;
	__attribute__((cleanup(release))) struct backup b = {
		.relay = relay,
		.has_mail = options->has_mail,
	};
	AUTO_CLOSE int fd = -1;

	if (!target[0])
		return because(why, -EINVAL,
			"where to? Name a folder, sftp:HOST:FOLDER, or another "
			"place that restic knows, or set backup_to in "
			"chatmail.ini");
	int r = backups_check(relay, why);
	/* Of a relay that moves, half would be saved. */
	if (r == 0)
		r = moves_check(relay, why);
	if (r == 0)
		r = lock(relay, &fd, why);
	if (r < 0)
		return r;
	prepare(&b, target);
	signals_hold();
	say_bold("A backup of the relay %s", relay->config.mail_domain);
	r = carry_out(&b, why);
	if (r == 0)
		show_end(&b);
	return r;
}
